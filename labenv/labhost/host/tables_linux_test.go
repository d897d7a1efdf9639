package host_test

import (
	"testing"

	"github.com/google/nftables"
	"github.com/stretchr/testify/require"
	"github.com/vishvananda/netns"

	"wirelab/labenv/labhost/capture/nsrun"
)

// tables returns the names of the packet filter's tables in a namespace.
func tables(t *testing.T, ns netns.NsHandle) (names []string) {
	t.Helper()
	require.NoError(t, nsrun.In(ns, func() error {
		c, err := nftables.New()
		if err != nil {
			return err
		}
		all, err := c.ListTables()
		for _, table := range all {
			names = append(names, table.Name)
		}
		return err
	}))
	return names
}
