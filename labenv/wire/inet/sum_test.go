package inet_test

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"

	"wirelab/labenv/wire/inet"
)

// The example of RFC 1071, section 3.
func TestSum(t *testing.T) {
	example := []byte{0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7}
	assert.EqualValues(t, 0xddf2, inet.Sum(0, example))
	assert.EqualValues(t, 0xddf2, inet.Sum(0, example[:2], example[2:]))
	assert.EqualValues(t, 0x220d, inet.Checksum(0, example))
	assert.EqualValues(t, 0xddf2, inet.Sum(0x0001, example[2:]))
	assert.EqualValues(t, 0x0100, inet.Sum(0, []byte{1}), "an odd byte is the higher of its word")
	for n := range len(example) + 1 {
		byWords := uint32(0)
		for i, b := range example[:n] {
			byWords += uint32(b) << (8 * (1 - i%2))
		}
		assert.Equal(t, byWords>>16+byWords&0xffff, inet.Sum(0, example[:n]), "%d bytes", n)
	}
}

func TestPseudo(t *testing.T) {
	src, dst := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2")
	assert.EqualValues(t, 0x0a00+0x0001+0x0a00+0x0002+6+20, inet.Pseudo(src, dst, 6, 20))
	src, dst = netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("2001:db8::2")
	assert.EqualValues(t, 2*(0x2001+0x0db8)+1+2+58+8, inet.Pseudo(src, dst, 58, 8))
}
