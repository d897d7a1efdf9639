package scan

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// maxPort is the highest port: the field is 16 bits wide (RFC 9293, section
// 3.1). Port 0 exists in the field only; nobody listens there.
const maxPort = 65535

// ParsePorts reads a list of ports such as "22,80,8000-8010". "-" means all
// ports, "8000-" those from 8000 up, "-100" those up to 100; blanks around an
// item or a hyphen do no harm. The ports come back sorted, each once. An error quotes the
// first item that cannot be read, and says what to do.
func ParsePorts(spec string) ([]uint16, error) {
	var chosen [maxPort + 1]bool // sorts, drops repeats, and bounds the memory
	for item := range strings.SplitSeq(spec, ",") {
		first, last, err := parseItem(strings.TrimSpace(item))
		if err != nil {
			return nil, fmt.Errorf("ports: %q: %w", item, err)
		}
		for p := first; p <= last; p++ {
			chosen[p] = true
		}
	}
	var ports []uint16
	for p, ok := range chosen {
		if ok {
			ports = append(ports, uint16(p))
		}
	}
	return ports, nil
}

// parseItem reads one port or one range, and returns its two ends. They are
// ints because a loop up to 65535 over uint16 would never end.
func parseItem(item string) (first, last int, err error) {
	if item == "" {
		return 0, 0, errors.New(`nothing to scan here: write a port such as 80, a range such as 8000-8010, or - for all`)
	}
	low, high, isRange := strings.Cut(item, "-")
	if !isRange {
		first, err = parsePort(item)
		return first, first, err
	}
	if first, err = parseEnd(low, 1); err != nil {
		return 0, 0, err
	}
	if last, err = parseEnd(high, maxPort); err != nil {
		return 0, 0, err
	}
	if first > last {
		return 0, 0, fmt.Errorf("the range runs backwards: write %d-%d", last, first)
	}
	return first, last, nil
}

// parseEnd reads one end of a range, which may be left open.
func parseEnd(s string, open int) (int, error) {
	s = strings.TrimSpace(s)
	if s == "" {
		return open, nil
	}
	return parsePort(s)
}

func parsePort(s string) (int, error) {
	n, err := strconv.ParseUint(s, 10, 16)
	switch {
	case errors.Is(err, strconv.ErrRange):
		return 0, fmt.Errorf("ports end at %d", maxPort)
	case err != nil:
		return 0, errors.New("not a port: write a number from 1 to 65535, or two with a - between")
	case n == 0:
		return 0, errors.New("ports begin at 1")
	}
	return int(n), nil
}
