package checks

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/stretchr/testify/require"

	"wirelab/grader/check"
)

// everyPort is 1 to 65535.
func everyPort() []uint16 { return portRange(1, 65535) }

func portRange(low, high int) []uint16 {
	var ports []uint16
	for p := low; p <= high; p++ {
		ports = append(ports, uint16(p)) //nolint:gosec // at most 65535
	}
	return ports
}

// parse calls ParsePorts.
func parse(t *check.T, b *check.Bench, spec string) ([]uint16, error) {
	r := b.Call(check.Call{Method: "ParsePorts", Args: []any{spec}, Says: fmt.Sprintf("ParsePorts(%q)", spec)})
	if r.Err != nil {
		return nil, r.Err
	}
	var ports []uint16
	if err := r.Decode(0, &ports); err != nil {
		t.Broken(err)
	}
	return ports, nil
}

// scanParsesPorts: nmap(1), -p, as far as the lesson goes.
func scanParsesPorts(t *check.T) {
	b := t.Bench(t.Draft().Plan())
	from := 2000 + t.Draft().Rand().IntN(60000)
	for _, c := range []struct {
		spec string
		want []uint16
	}{
		{"22", []uint16{22}},
		{"22,80,8000-8010", append([]uint16{22, 80}, portRange(8000, 8010)...)},
		{"80,22,80,21-23", []uint16{21, 22, 23, 80}},
		{" 443 , 80-82 ", []uint16{80, 81, 82, 443}},
		{"-", everyPort()},
		{"65530-", portRange(65530, 65535)},
		{"-100", portRange(1, 100)},
		{"7-7", []uint16{7}},
		{"65535,1", []uint16{1, 65535}},
		{fmt.Sprintf("%d-%d,1", from, from+500), append([]uint16{1}, portRange(from, from+500)...)},
	} {
		got, err := parse(t, b, c.spec)
		require.NoError(t, err, "ParsePorts(%q) returned an error, but this is a good list", c.spec)
		if !slices.Equal(got, c.want) {
			t.Explain(fmt.Sprintf("ParsePorts(%q) returned %s", c.spec, shortly(got)), shortly(c.want), "")
			t.Failf("the list was not understood: ports come sorted, each once")
		}
	}
}

// scanExplainsBadPorts: an error has to quote the item that is wrong, or the
// user of a long list has to look for it. To quote the whole list is no help.
func scanExplainsBadPorts(t *check.T) {
	b := t.Bench(t.Draft().Plan())
	_, err := parse(t, b, "22")
	require.NoError(t, err, "ParsePorts(%q) returned an error, but this is a good list", "22")
	for _, c := range []struct{ spec, item string }{
		{"22,http,80", "http"},
		{"0", "0"},
		{"80,65536", "65536"},
		{"70000-70010", "70000"},
		{"90-80", "90-80"},
		{"22,99999999999999999999", "99999999999999999999"},
		{"1-2-3", "1-2-3"},
		{"22, 8o", "8o"},
		{"0-5", "0"},
	} {
		got, err := parse(t, b, c.spec)
		require.Error(t, err, "ParsePorts(%q) returned %s and no error; %q is no port", c.spec, shortly(got), c.item)
		said := err.Error()
		if strings.Contains(c.spec, ",") {
			said = strings.ReplaceAll(said, c.spec, "")
		}
		if !mentions(said, c.item) {
			t.Failf("ParsePorts(%q) returned the error %q, which does not quote %q", c.spec, err, c.item)
		}
	}
	for _, spec := range []string{"", "22,,80", ",22", "22,", " "} {
		got, err := parse(t, b, spec)
		require.Error(t, err, "ParsePorts(%q) returned %s and no error, but an item is empty", spec, shortly(got))
	}
}

// shortly shows a list of ports without filling the screen.
func shortly(ports []uint16) string {
	if len(ports) <= 12 {
		return fmt.Sprint(ports)
	}
	s := fmt.Sprint(ports[:5])
	return fmt.Sprintf("%s … %d] (%d ports)", strings.TrimSuffix(s, "]"), ports[len(ports)-1], len(ports))
}

// mentions tells whether text has item in it as a word of its own: "port 0"
// mentions "0", "port 80" does not.
func mentions(text, item string) bool {
	word := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
	for rest := text; ; {
		before, after, found := strings.Cut(rest, item)
		if !found {
			return false
		}
		last, first := []rune(before), []rune(after)
		if (len(last) == 0 || !word(last[len(last)-1])) && (len(first) == 0 || !word(first[0])) {
			return true
		}
		rest = after
	}
}
