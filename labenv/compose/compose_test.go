package compose_test

import (
	"fmt"
	"net"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wirelab/labenv"
	"wirelab/labenv/compose"
)

// networks are two, as `docker network inspect` has them: the engine's own and
// one more.
func networks(name, subnet, project string) []byte {
	return fmt.Appendf(nil, `[
		{"Name": "host", "IPAM": {"Config": []}, "Labels": {}},
		{"Name": "bridge", "IPAM": {"Config": [{"Subnet": "172.17.0.0/16", "Gateway": "172.17.0.1"}]}, "Labels": null},
		{"Name": %q, "IPAM": {"Config": [{"Subnet": "fd00::/64"}, {"Subnet": %q}]}, "Labels": {"com.docker.compose.project": %q}}
	]`, name, subnet, project)
}

func TestAddressesOfAnotherNetwork(t *testing.T) {
	for _, subnet := range []string{"10.77.0.0/24", "10.0.0.0/8", "10.77.0.128/25"} {
		err := compose.CheckAddresses(networks("office", subnet, "other"), compose.Project)
		require.ErrorIs(t, err, compose.ErrTaken, subnet)
		assert.ErrorContains(t, err, `"office"`)
		assert.ErrorContains(t, err, subnet)
	}
}

func TestAddressesThatAreFree(t *testing.T) {
	require.NoError(t, compose.CheckAddresses(networks("office", "10.77.1.0/24", "other"), compose.Project))
	require.NoError(t, compose.CheckAddresses(networks("wirelab_lab", "10.77.0.0/24", compose.Project), compose.Project),
		"the lab's own network may have them")
	require.Error(t, compose.CheckAddresses([]byte("no JSON"), compose.Project))
}

func TestAddressesOfThisMachine(t *testing.T) {
	addr := func(text string) []net.Addr {
		p := netip.MustParsePrefix(text)
		return []net.Addr{&net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}}
	}
	require.ErrorIs(t, compose.CheckInterface("eth0", addr("10.77.0.1/24")), compose.ErrTaken)
	require.ErrorIs(t, compose.CheckInterface("eth0", addr("10.77.0.200/8")), compose.ErrTaken)
	require.NoError(t, compose.CheckInterface("eth0", addr("10.1.2.3/8")), "the lab's is the narrower network")
	require.NoError(t, compose.CheckInterface("eth0", addr("fe80::1/64")))
}

func TestNoEngine(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := compose.Open(t.Context(), t.TempDir(), compose.Project)
	require.ErrorIs(t, err, labenv.ErrUnavailable)
	assert.ErrorContains(t, err, "not installed")
}
