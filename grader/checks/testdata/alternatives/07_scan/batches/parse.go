package scan

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// ParsePorts reads numbers with strconv.Atoi, which takes a sign as well.
func ParsePorts(spec string) ([]uint16, error) {
	ports := map[uint16]bool{}
	for _, item := range strings.Split(spec, ",") {
		item = strings.TrimSpace(item)
		low, high, err := ends(item)
		if err != nil {
			return []uint16{}, fmt.Errorf("in %q: %w", spec, err)
		}
		if low < 1 || high > 65535 || low > high {
			return []uint16{}, fmt.Errorf("%s is no range of ports: write two numbers from 1 to 65535, the smaller first", item)
		}
		for p := low; p <= high; p++ {
			ports[uint16(p)] = true
		}
	}
	return slices.Sorted(maps.Keys(ports)), nil
}

func ends(item string) (low, high int, err error) {
	first, last, isRange := strings.Cut(item, "-")
	if !isRange {
		low, err = strconv.Atoi(item)
		return low, low, err
	}
	low, high = 1, 65535
	if first != "" {
		if low, err = strconv.Atoi(first); err != nil {
			return 0, 0, fmt.Errorf("%s: %w", item, err)
		}
	}
	if last != "" {
		if high, err = strconv.Atoi(last); err != nil {
			return 0, 0, fmt.Errorf("%s: %w", item, err)
		}
	}
	return low, high, nil
}
