// Command 09_banner serves the learner's package banner.
package main

import (
	"context"
	"net/netip"
	"unicode/utf8"

	banner "wirelab/exercises/09_banner"
	"wirelab/grader/drivers/serve"
)

func main() { serve.Main(serve.Functions{"Grab": grab}) }

// grabbed is a Banner as it is told: JSON would make valid text of any.
type grabbed struct {
	Raw, Text  []byte
	Valid      bool // Text is UTF-8
	Service    string
	SpokeFirst bool
	TLS        bool
}

func grab(ctx context.Context, addr netip.AddrPort, opt banner.Options) (grabbed, error) {
	b, err := banner.Grab(ctx, addr, opt)
	return grabbed{
		Raw: b.Raw, Text: []byte(b.Text), Valid: utf8.ValidString(b.Text), Service: b.Service, SpokeFirst: b.SpokeFirst, TLS: b.TLS,
	}, err
}
