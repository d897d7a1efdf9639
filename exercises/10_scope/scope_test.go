package scope

import (
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wirelab/labenv/labtest"
)

// These tests are yours: add what you want to be sure of. They run in the seat
// of the practice lab: make try EX=10_scope.
func TestCheck(t *testing.T) {
	s, err := Parse(strings.NewReader("# ours\nallow 10.77.0.0/24\ndeny 10.77.0.20 # the machine next door\n"))
	require.NoError(t, err)
	for addr, allowed := range map[string]bool{
		"10.77.0.10": true,
		"10.77.0.20": false,
		// TODO: ::ffff:10.77.0.20, 10.78.0.1, 0.0.0.0, an IPv6 address with a zone.
	} {
		err := s.Check(netip.MustParseAddr(addr))
		if allowed {
			assert.NoError(t, err, addr)
		} else {
			assert.ErrorIs(t, err, ErrOutOfScope, addr)
		}
	}
}

func TestDialer(t *testing.T) {
	lab := labtest.Open(t)
	s, err := Parse(strings.NewReader("allow " + lab.Target.String()))
	require.NoError(t, err)
	d := s.Dialer(net.Dialer{Timeout: time.Second})
	conn, err := d.DialContext(t.Context(), "tcp", netip.AddrPortFrom(lab.Target, 9001).String())
	require.NoError(t, err)
	require.NoError(t, conn.Close())
	_, err = d.DialContext(t.Context(), "tcp", netip.AddrPortFrom(lab.Neighbour, 9001).String())
	assert.ErrorIs(t, err, ErrOutOfScope)
}
