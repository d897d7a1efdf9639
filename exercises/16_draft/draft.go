package draft

import (
	"context"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"wirelab/exercises/port"
)

// Scan concurrently scans the given ports on the host and returns the results.
// It uses goroutines for maximum performance and a mutex for thread safety.
func Scan(ctx context.Context, host netip.Addr, ports []uint16, opt Options) ([]port.Result, error) {
	var (
		results []port.Result
		mu      sync.Mutex
		wg      sync.WaitGroup
	)

	// Scan each port in its own goroutine.
	for _, p := range ports {
		wg.Add(1)
		go func() {
			defer wg.Done()
			result := scanPort(host, p, opt.Timeout)

			// Protect the results slice from concurrent access.
			mu.Lock()
			defer mu.Unlock()
			results = append(results, result)
		}()
	}

	// Wait for all goroutines to finish.
	wg.Wait()
	return results, nil
}

// scanPort scans a single port and determines its state.
func scanPort(host netip.Addr, p uint16, timeout time.Duration) port.Result {
	result := port.Result{Port: p}

	// Build the address and try to connect with a timeout.
	address := host.String() + ":" + strconv.Itoa(int(p))
	start := time.Now()
	_, err := net.DialTimeout("tcp", address, timeout)
	if err == nil {
		// The connection succeeded, so the port is open.
		result.State = port.Open
		result.Reason = port.SYNACK
		result.RTT = time.Since(start)
		return result
	}

	// A timeout means that nothing is listening on the port.
	if netErr, ok := err.(net.Error); ok && netErr.Timeout() {
		result.State = port.Closed
		result.Reason = port.ConnRefused
		return result
	}

	// Any other error means that a firewall is rejecting the connection.
	result.State = port.Filtered
	result.Reason = port.NoResponse
	return result
}
