package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"wirelab/grader/check"
)

// Student is a student's line of the class page.
type Student struct {
	Name              string
	Folder            string // of the student's page, beside the class page
	Points, MaxPoints int
	Fault             bool // the kit failed: the points say nothing
	Note              string
	Checks            []Outcome // of all exercises
}

// Outcome is how one check of a student's came out.
type Outcome struct {
	Exercise, Check string
	Status          check.Status
	DurationMS      int64
}

type classPage struct {
	pageFrame
	Sum, HistogramWords string
	Bars                []bar
	Hardest             []tallied
	Slowest             []tallied
	Columns             []string
	Students            []studentLine
}

type bar struct {
	X, Y, Height, Middle, Label, Count int
	Range                              string
}

// tallied is a check over the whole class.
type tallied struct {
	Name          string
	Failed, Of    int
	Mean, Longest int64
	sum           int64
}

type studentLine struct {
	Name, Link, Points, Note string
	Cells                    []cell
}

type cell struct{ Class, Title, Sign string }

// maxListed is how many checks the lists of the class page show.
const maxListed = 10

// ClassHTML writes the class page: who passed which check, how the points are
// spread, which checks fail most and which take longest. It needs nothing else,
// and links to report.html in each student's folder.
func ClassHTML(w io.Writer, students []Student) error {
	p := classPage{pageFrame: newFrame()}
	checks := tally(students)
	for _, c := range checks {
		p.Columns = append(p.Columns, c.Name)
	}
	faults := 0
	for _, s := range students {
		if s.Fault {
			faults++
		}
		p.Students = append(p.Students, lineOf(s, p.Columns))
	}
	p.Sum = fmt.Sprintf("%d students, %d checks", len(students), len(checks))
	if faults > 0 {
		p.Sum += fmt.Sprintf("; the kit failed on %d, which have no marks", faults)
	}
	p.Bars, p.HistogramWords = histogram(students)
	p.Hardest = hardest(checks)
	p.Slowest = slowest(checks)
	return render(w, "class.tmpl", p)
}

func nameOf(o Outcome) string { return cleanLine(o.Exercise + "/" + o.Check) }

// tally adds up each check over the class, in the order in which they come.
func tally(students []Student) []tallied {
	index := map[string]int{}
	var all []tallied
	for _, s := range students {
		for _, o := range s.Checks {
			name := nameOf(o)
			i, ok := index[name]
			if !ok {
				i = len(all)
				index[name] = i
				all = append(all, tallied{Name: name})
			}
			t := &all[i]
			t.Of++
			if o.Status == check.Fail {
				t.Failed++
			}
			t.sum, t.Longest = t.sum+o.DurationMS, max(t.Longest, o.DurationMS)
		}
	}
	for i := range all {
		all[i].Mean = all[i].sum / int64(all[i].Of)
	}
	slices.SortFunc(all, func(a, b tallied) int { // by exercise; within one, as they are listed
		ea, _, _ := strings.Cut(a.Name, "/")
		eb, _, _ := strings.Cut(b.Name, "/")
		return cmp.Or(cmp.Compare(ea, eb), cmp.Compare(index[a.Name], index[b.Name]))
	})
	return all
}

func hardest(checks []tallied) []tallied {
	failed := slices.DeleteFunc(slices.Clone(checks), func(t tallied) bool { return t.Failed == 0 })
	slices.SortStableFunc(failed, func(a, b tallied) int { return cmp.Compare(b.Failed, a.Failed) })
	return failed[:min(len(failed), maxListed)]
}

func slowest(checks []tallied) []tallied {
	slow := slices.Clone(checks)
	slices.SortStableFunc(slow, func(a, b tallied) int { return cmp.Compare(b.Mean, a.Mean) })
	return slow[:min(len(slow), maxListed)]
}

func lineOf(s Student, columns []string) studentLine {
	line := studentLine{Name: cleanLine(s.Name), Link: relative(s.Folder + "/report.html"), Points: fraction(s.Points, s.MaxPoints), Note: cleanLine(s.Note)}
	if s.Fault {
		line.Points = "no mark"
	}
	of := map[string]Outcome{}
	for _, o := range s.Checks {
		of[nameOf(o)] = o
	}
	for _, c := range columns {
		o, ok := of[c]
		if !ok {
			line.Cells = append(line.Cells, cell{Class: "blocked", Title: c + ": not run", Sign: "–"})
			continue
		}
		sign := strings.TrimSpace(markOf(o.Status).text)
		line.Cells = append(line.Cells, cell{Class: classOf(o.Status), Title: c + ": " + cleanLine(string(o.Status)), Sign: sign})
	}
	return line
}

// histogram draws how many students have how much: ten bars, a tenth of the
// points each; all points are in the last one.
func histogram(students []Student) ([]bar, string) {
	const bins, width, tallest, floor = 10, 54, 110, 140
	var counts [bins]int
	most := 1
	for _, s := range students {
		if s.Fault || s.MaxPoints == 0 {
			continue
		}
		i := min(bins-1, bins*s.Points/s.MaxPoints)
		counts[i]++
		most = max(most, counts[i])
	}
	var bars []bar
	var words []string
	for i, n := range counts {
		height := tallest * n / most
		x := 10 + width*i
		b := bar{X: x, Y: floor - height, Height: height, Middle: x + 22, Label: floor - height - 6, Count: n, Range: fmt.Sprintf("%d–%d", 10*i, 10*i+10)}
		bars = append(bars, b)
		words = append(words, fmt.Sprintf("%s percent: %d", b.Range, n))
	}
	return bars, strings.Join(words, "; ")
}
