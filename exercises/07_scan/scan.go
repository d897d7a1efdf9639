package scan

import (
	"context"
	"errors"
	"net/netip"

	"wirelab/exercises/port"
)

// Scan asks each of ports on host, no more than opt.Workers at once, and
// returns the verdicts sorted by port, each port once.
//
// When ctx ends, Scan returns promptly with the verdicts known so far and
// ctx's error. A port that could not be judged for another cause is named in
// the error; the other ports' verdicts are returned all the same.
func Scan(ctx context.Context, host netip.Addr, ports []uint16, opt Options) ([]port.Result, error) {
	// TODO: let opt.Workers goroutines call probe.Probe, a port at a time:
	//   import probe "wirelab/exercises/06_probe"
	// TODO: gather the results, sort them, and wait until every worker is done.
	return nil, errors.New("scan: Scan is not implemented yet")
}

// ParsePorts reads a list of ports such as "22,80,8000-8010". "-" means all,
// "8000-" from 8000 up, "-100" up to 100. The ports come back sorted, each
// once. An error quotes the item that it is about, and says what to do.
func ParsePorts(spec string) ([]uint16, error) {
	// TODO: cut at the commas, and read each item.
	return nil, errors.New("scan: ParsePorts is not implemented yet")
}
