package banner

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"strings"
	"time"
)

// Grab reads in a goroutine of its own, and asks by HTTP/1.1.
func Grab(ctx context.Context, addr netip.AddrPort, opt Options) (Banner, error) {
	if !addr.IsValid() || addr.Port() == 0 || opt.Wait <= 0 || opt.Timeout <= opt.Wait {
		return Banner{}, errors.New("that cannot be asked")
	}
	end := time.Now().Add(opt.Timeout)
	d := net.Dialer{Deadline: end}
	c, err := d.DialContext(ctx, "tcp", addr.String())
	if err != nil {
		return Banner{}, err
	}
	defer c.Close()
	stop := context.AfterFunc(ctx, func() { c.Close() })
	defer stop()
	pieces := make(chan []byte)
	done := make(chan struct{})
	defer close(done)
	go func() {
		defer close(pieces)
		for {
			p := make([]byte, 256)
			n, err := c.Read(p)
			if n > 0 {
				select {
				case pieces <- p[:n]:
				case <-done:
					return
				}
			}
			if err != nil {
				return
			}
		}
	}()
	over := time.After(opt.Timeout)
	gather := func() (all []byte, closed bool) {
		for len(all) < 1024 {
			select {
			case p, ok := <-pieces:
				if !ok {
					return all, true
				}
				all = append(all, p...)
			case <-time.After(opt.Wait):
				return all, false
			case <-over:
				return all, true
			}
		}
		return all[:1024], true
	}
	raw, closed := gather()
	if err := ctx.Err(); err != nil {
		return Banner{}, err
	}
	b := Banner{SpokeFirst: len(raw) > 0, Service: "unknown"}
	if len(raw) == 0 && !closed {
		probe := []byte("HEAD / HTTP/1.1\r\nConnection: close\r\n\r\n")
		c.Write(probe)
		raw, _ = gather()
		switch {
		case bytes.HasPrefix(raw, []byte("HTTP/1")):
			b.Service = "http"
		case bytes.HasPrefix(raw, []byte("-ERR")):
			b.Service = "redis"
		case len(raw) > 4 && bytes.HasPrefix(probe, raw[:min(len(raw), len(probe))]):
			b.Service = "echo"
		}
		if len(raw) == 0 || strings.Contains(string(raw[:min(16, len(raw))]), " 400 ") {
			t, err := tls.DialWithDialer(&net.Dialer{Deadline: end}, "tcp", addr.String(), &tls.Config{InsecureSkipVerify: true})
			if err == nil {
				t.Close()
				b.TLS, b.Service = true, map[bool]string{true: "tls", false: "https"}[len(raw) == 0]
			}
		}
	}
	if err := ctx.Err(); err != nil {
		return Banner{}, err
	}
	b.Raw = raw
	var text strings.Builder
	for _, r := range string(raw) {
		text.WriteRune(r)
	}
	b.Text = strings.TrimSpace(text.String())
	if b.SpokeFirst {
		b.Service = name(b.Text, raw)
	}
	return b, nil
}

func name(text string, raw []byte) string {
	for start, service := range map[string]string{"SSH": "ssh", "+OK": "pop3", "* OK": "imap"} {
		if strings.HasPrefix(text, start) {
			return service
		}
	}
	switch {
	case strings.HasPrefix(text, "220") && strings.Contains(text, "SMTP"):
		return "smtp"
	case strings.HasPrefix(text, "220"):
		return "ftp"
	case len(raw) > 5 && raw[4] == 10:
		return "mysql"
	}
	return "unknown"
}
