package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	probe "wirelab/exercises/06_probe"
	scan "wirelab/exercises/07_scan"
	banner "wirelab/exercises/09_banner"
	scope "wirelab/exercises/10_scope"
	"wirelab/exercises/port"
)

var (
	ports   = flag.String("p", "20-25,53,80,443,3306,5432", "")
	timeout = flag.Duration("timeout", 2*time.Second, "")
	workers = flag.Int("workers", 16, "")
	rules   = flag.String("scope", "", "")
	banners = flag.Bool("banner", false, "")
	asJSON  = flag.Bool("json", false, "")
)

var names = map[uint16]string{22: "ssh", 53: "dns", 80: "http", 443: "https", 3306: "mysql", 5432: "postgres"}

func fatal(status int, format string, args ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", args...)
	os.Exit(status)
}

// main asks with Probe, a port at a time by a few goroutines, and leaves flag its
// own ways. It listens for SIGINT itself.
func main() {
	flag.Parse()
	list, err := scan.ParsePorts(*ports)
	if err != nil || flag.NArg() != 1 || *timeout <= 0 || *workers < 1 {
		flag.Usage()
		os.Exit(2)
	}
	addr := host(flag.Arg(0))
	ctx, cancel := context.WithCancel(context.Background())
	pressed := make(chan os.Signal, 1)
	signal.Notify(pressed, syscall.SIGINT)
	go func() { <-pressed; cancel() }()
	if _, err := unix.IoctlGetTermios(2, unix.TCGETS); err == nil {
		fmt.Fprintf(os.Stderr, "scanning %v\n", addr)
	}
	print(ctx, addr, ask(ctx, addr, list))
	if ctx.Err() != nil {
		os.Exit(1)
	}
}

func host(name string) netip.Addr {
	text := "allow 127.0.0.1/8\nallow ::1/128\nallow 10.77.0.10\n"
	if *rules != "" {
		data, err := os.ReadFile(*rules)
		if err != nil {
			fatal(2, "%v", err)
		}
		text = string(data)
	}
	s, err := scope.Parse(strings.NewReader(text))
	if err != nil {
		fatal(2, "%v", err)
	}
	ips, err := net.LookupIP(name) // takes addresses as well
	if err != nil {
		fatal(1, "%v", err)
	}
	for _, ip := range ips {
		addr, _ := netip.AddrFromSlice(ip)
		if err := s.Check(addr.Unmap()); errors.Is(err, scope.ErrOutOfScope) {
			fatal(1, "%v (see -scope)", err)
		}
	}
	addr, _ := netip.AddrFromSlice(ips[len(ips)-1])
	return addr.Unmap()
}

func ask(ctx context.Context, addr netip.Addr, list []uint16) []port.Result {
	results := make([]port.Result, len(list))
	turns, over := make(chan int), make(chan bool)
	for range *workers {
		go func() {
			for i := range turns {
				results[i], _ = probe.Probe(ctx, netip.AddrPortFrom(addr, list[i]), *timeout)
			}
			over <- true
		}()
	}
	for i := range list {
		turns <- i
	}
	close(turns)
	for range *workers {
		<-over
	}
	return results
}

func print(ctx context.Context, addr netip.Addr, results []port.Result) {
	if !*asJSON {
		fmt.Printf("Scan of %v\n\n%-10s%-10s%-20s%s\n", addr, "PORT", "STATE", "REASON", "SERVICE")
	}
	for _, r := range results {
		if r.State == "" {
			continue
		}
		l := line{Host: addr.String(), Port: r.Port, State: r.State, Reason: r.Reason, RTT: r.RTT.Seconds() * 1000, Service: names[r.Port]}
		if *banners && r.State == port.Open {
			b, _ := banner.Grab(ctx, netip.AddrPortFrom(addr, r.Port), banner.Options{Wait: *timeout, Timeout: 3 * *timeout})
			l.Banner, l.Service = b.Text, b.Service
		}
		if *asJSON {
			_ = json.NewEncoder(io.Writer(os.Stdout)).Encode(l)
			continue
		}
		fmt.Printf("%-10d%-10s%-20s%s\n", l.Port, l.State, l.Reason, l.Service)
	}
}
