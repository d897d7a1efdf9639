package main

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"wirelab/labenv/netns"
)

// nmapScanner runs nmap, with options that say how to scan, in an interactive
// seat: it needs its own data files.
func (k *kit) nmapScanner(path string, how ...string) scanner {
	return func(ctx context.Context, q question) (scanDone, error) {
		shell, err := netns.OpenShell(ctx, k.labs(), q.plan)
		if err != nil {
			return scanDone{}, err
		}
		done, err := k.runNmap(ctx, shell, path, how, q)
		return done, errors.Join(err, shell.Close())
	}
}

// runNmap has nmap say as little as it can, in a form for programs.
func (k *kit) runNmap(ctx context.Context, shell *netns.Shell, path string, how []string, q question) (scanDone, error) {
	var done scanDone
	null, err := os.Open(os.DevNull)
	if err != nil {
		return done, err
	}
	defer null.Close()
	out, err := os.CreateTemp(k.scratch, "nmap-")
	if err != nil {
		return done, err
	}
	defer out.Close()
	start := time.Now()
	exit, err := shell.Run(ctx, netns.Command{
		Path: path, Dir: k.scratch, Env: os.Environ(), Stdin: null, Stdout: out, Stderr: out,
		Args: slices.Concat([]string{"nmap"}, how, []string{"-n", "-Pn", "-p" + q.ports, "-oX", "-", q.plan.Target.Addr.String()}),
	})
	took := time.Since(start)
	if err != nil {
		return done, err
	}
	said, err := os.ReadFile(out.Name())
	if err != nil {
		return done, err
	}
	if exit.Code != 0 {
		return done, fmt.Errorf("nmap ended with status %d:\n%s", exit.Code, said)
	}
	open, closed, err := countNmap(said)
	return scanDone{took: took, wrong: q.mistaken(open, closed)}, err
}

// countNmap reads nmap's XML: it lists the ports in rare states, and counts
// those in common ones.
func countNmap(said []byte) (open, closed int, err error) {
	var r struct {
		Common []struct {
			State string `xml:"state,attr"`
			Count int    `xml:"count,attr"`
		} `xml:"host>ports>extraports"`
		Ports []struct {
			State string `xml:"state,attr"`
		} `xml:"host>ports>port>state"`
	}
	if err := xml.Unmarshal(said, &r); err != nil {
		return 0, 0, fmt.Errorf("nmap's report: %w", err)
	}
	count := map[string]int{}
	for _, c := range r.Common {
		count[c.State] += c.Count
	}
	for _, p := range r.Ports {
		count[p.State]++
	}
	return count["open"], count["closed"], nil
}
