package banner

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wirelab/labenv/labtest"
)

// This test is yours: add what you want to be sure of. It runs in the seat of the
// practice lab: make try EX=09_banner.
func TestPracticeServices(t *testing.T) {
	lab := labtest.Open(t)
	opt := Options{Wait: 200 * time.Millisecond, Timeout: 2 * time.Second}
	for port, service := range map[uint16]string{
		2222: "ssh",
		8080: "http",
		// TODO: 2525, 2121, 8443, 6379, 9001, 9006.
	} {
		b, err := Grab(t.Context(), netip.AddrPortFrom(lab.Target, port), opt)
		require.NoError(t, err, port)
		assert.Equal(t, service, b.Service, port)
	}
}
