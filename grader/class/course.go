package class

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2"
)

// ErrCourse is matched where a roster or a course file is not as it has to be.
var ErrCourse = errors.New("the course")

// Person is a line of the roster.
type Person struct {
	Student string // name of the folder or archive
	Name    string // as the gradebook shows it
	ID      string // at the university
	Email   string
	Canvas  string // id in Canvas
	Section string
	// Submitted is when the work was handed in, where the roster says so; it
	// comes before the time of the files.
	Submitted time.Time
}

// The columns that a roster may have.
var rosterColumns = []string{"student", "name", "id", "email", "canvas_id", "section", "submitted"}

// LoadRoster reads a roster: CSV with a head line, of which the column "student"
// must be there (the names of the folders), and name, id, email, canvas_id,
// section and submitted (RFC 3339) may. Errors match ErrCourse.
func LoadRoster(path string) ([]Person, error) {
	data, err := os.ReadFile(path) //nolint:gosec // the instructor's own file
	if err != nil {
		return nil, fmt.Errorf("%w: the roster: %w", ErrCourse, err)
	}
	fail := func(format string, args ...any) error {
		return fmt.Errorf("%w: %s: %s", ErrCourse, path, fmt.Sprintf(format, args...))
	}
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(data, []byte("\ufeff"))))
	head, err := r.Read()
	if err != nil {
		return nil, fail("%v; the first line has to name the columns: %s", err, strings.Join(rosterColumns, ", "))
	}
	for i, c := range head {
		head[i] = strings.ToLower(strings.TrimSpace(c))
		if !slices.Contains(rosterColumns, head[i]) {
			return nil, fail("there is no column %q; these may be there: %s", c, strings.Join(rosterColumns, ", "))
		}
	}
	if !slices.Contains(head, "student") {
		return nil, fail("the column student is missing: the names of the folders and archives")
	}
	var people []Person
	seen := map[string]bool{}
	for {
		line, err := r.Read()
		if errors.Is(err, io.EOF) {
			return people, nil
		}
		if err != nil {
			return nil, fail("%v", err)
		}
		p, err := personOf(head, line)
		if err != nil {
			return nil, fail("%v", err)
		}
		if seen[p.Student] {
			return nil, fail("%q is there twice", p.Student)
		}
		seen[p.Student] = true
		people = append(people, p)
	}
}

func personOf(head, line []string) (Person, error) {
	var p Person
	for i, c := range head {
		value := strings.TrimSpace(line[i])
		switch c {
		case "student":
			p.Student = value
		case "name":
			p.Name = value
		case "id":
			p.ID = value
		case "email":
			p.Email = value
		case "canvas_id":
			p.Canvas = value
		case "section":
			p.Section = value
		case "submitted":
			if value == "" {
				continue
			}
			var err error
			if p.Submitted, err = time.Parse(time.RFC3339, value); err != nil {
				return p, fmt.Errorf("submitted is to be like 2026-11-30T18:00:00+01:00, not %q", value)
			}
		}
	}
	if p.Student == "" {
		return p, errors.New("a line names no student")
	}
	return p, nil
}

// Course says what becomes of points: a deadline, and marks changed by hand.
type Course struct {
	Title    string    `toml:"title"`    // of the assignment, in exports
	Deadline time.Time `toml:"deadline"` // none: the zero time
	// LateDays are free for everybody; each further day that has begun costs
	// PenaltyPercent of the points.
	LateDays       int        `toml:"late_days"`
	PenaltyPercent float64    `toml:"penalty_percent"`
	Overrides      []Override `toml:"override"`
}

// Override is a mark changed by hand.
type Override struct {
	Student  string   `toml:"student"`
	Exercise string   `toml:"exercise"`
	Points   *float64 `toml:"points"`
	Reason   string   `toml:"reason"`
}

// LoadCourse reads a course file: strict TOML. Errors match ErrCourse.
func LoadCourse(path string) (Course, error) {
	c := Course{Title: "wirelab"}
	data, err := os.ReadFile(path) //nolint:gosec // the instructor's own file
	if err != nil {
		return c, fmt.Errorf("%w: %w", ErrCourse, err)
	}
	if err := toml.NewDecoder(bytes.NewReader(data)).DisallowUnknownFields().Decode(&c); err != nil {
		var unknown *toml.StrictMissingError
		if errors.As(err, &unknown) {
			err = errors.New(strings.TrimSpace(unknown.String()))
		}
		return c, fmt.Errorf("%w: %s: %w", ErrCourse, path, err)
	}
	if err := c.validate(); err != nil {
		return c, fmt.Errorf("%w: %s: %w", ErrCourse, path, err)
	}
	return c, nil
}

func (c Course) validate() error {
	if c.LateDays < 0 || c.PenaltyPercent < 0 || c.PenaltyPercent > 100 {
		return errors.New("late_days is 0 or more, and penalty_percent from 0 to 100")
	}
	for _, o := range c.Overrides {
		switch {
		case o.Student == "" || o.Exercise == "" || o.Points == nil:
			return errors.New("an override needs student, exercise, points and reason")
		case *o.Points < 0:
			return fmt.Errorf("the override of %s for %s has fewer than no points", o.Exercise, o.Student)
		case strings.TrimSpace(o.Reason) == "":
			return fmt.Errorf("the override of %s for %s has no reason; whoever reads the gradebook will ask for one", o.Exercise, o.Student)
		}
	}
	return nil
}

// Mark is a line of the gradebook.
type Mark struct {
	Row
	Person
	HandedIn bool
	DaysLate int     // begun since the deadline
	Deducted float64 // points
	Final    float64 // points, to two decimals; says nothing where Fault
	Cells    []string
	Notes    []string
}

// Marks puts rows, roster and course together: a mark for each row, then one for
// each person who handed in nothing. The error names an override that fits
// nobody, and matches ErrCourse.
func Marks(rows []Row, roster []Person, c Course) ([]Mark, error) {
	people := map[string]Person{}
	for _, p := range roster {
		people[p.Student] = p
	}
	var marks []Mark
	for _, r := range rows {
		p, listed := people[r.Student]
		delete(people, r.Student)
		m := Mark{Row: r, Person: p, HandedIn: true}
		if len(roster) > 0 && !listed {
			m.Notes = append(m.Notes, "not on the roster")
		}
		marks = append(marks, m)
	}
	for _, p := range roster {
		if _, missing := people[p.Student]; missing {
			m := Mark{Row: Row{Student: p.Student}, Person: p, Notes: []string{"handed in nothing"}}
			if len(rows) > 0 {
				m.MaxPoints = rows[0].MaxPoints
				m.Exercises = make([]Cell, len(rows[0].Exercises))
				for i, e := range rows[0].Exercises {
					m.Exercises[i] = Cell{ID: e.ID, Status: "fail", MaxPoints: e.MaxPoints}
				}
			}
			marks = append(marks, m)
		}
	}
	used := make([]bool, len(c.Overrides))
	for i := range marks {
		c.apply(&marks[i], used)
	}
	for i, ok := range used {
		if o := c.Overrides[i]; !ok {
			return nil, fmt.Errorf("%w: the override of %s for %q fits nobody: that student or exercise was not graded", ErrCourse, o.Exercise, o.Student)
		}
	}
	return marks, nil
}

// apply changes a mark by hand, then for lateness.
func (c Course) apply(m *Mark, used []bool) {
	total, judged := 0.0, true
	for _, e := range m.Exercises {
		points, known := float64(e.Points), e.Status != "error"
		for i, o := range c.Overrides {
			if o.Student == m.Row.Student && o.Exercise == e.ID {
				used[i] = true
				m.Notes = append(m.Notes, fmt.Sprintf("%s by hand: %s instead of %s: %s", e.ID, number(*o.Points), cellOf(points, known), o.Reason))
				points, known = *o.Points, true
			}
		}
		m.Cells = append(m.Cells, cellOf(points, known))
		total, judged = total+points, judged && known
	}
	m.Fault = m.Fault && !judged
	m.DaysLate = c.daysLate(m.submitted())
	if late := m.DaysLate - c.LateDays; late > 0 && m.HandedIn {
		m.Deducted = round(math.Min(total, total*c.PenaltyPercent/100*float64(late)))
	}
	m.Final = round(total - m.Deducted)
}

func (m Mark) submitted() time.Time {
	if !m.Person.Submitted.IsZero() {
		return m.Person.Submitted
	}
	return m.Row.Submitted
}

// daysLate counts the days that have begun since the deadline.
func (c Course) daysLate(submitted time.Time) int {
	if c.Deadline.IsZero() || submitted.IsZero() || !submitted.After(c.Deadline) {
		return 0
	}
	const day = 24 * time.Hour
	return int((submitted.Sub(c.Deadline) + day - 1) / day)
}

func round(points float64) float64 { return math.Round(points*100) / 100 }

func cellOf(points float64, known bool) string {
	if !known {
		return ""
	}
	return number(points)
}
