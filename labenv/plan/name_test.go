package plan_test

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wirelab/labenv/plan"
)

func TestNamesAreDrawn(t *testing.T) {
	draw := func() (plan.Plan, string, string) {
		d := plan.New(5)
		one := d.Name(plan.TargetAddr, plan.NeighbourAddr)
		return d.Plan(), one, d.ChangingName([]netip.Addr{plan.TargetAddr}, []netip.Addr{plan.NeighbourAddr})
	}
	early, one, two := draw()
	_, again, _ := draw()
	assert.Equal(t, one, again, "same seed, same name")
	assert.NotEqual(t, one, two)
	assert.Equal(t, []plan.Name{{Name: one, Addrs: []netip.Addr{plan.TargetAddr, plan.NeighbourAddr}}}, early.Target.Names, "later draws leave a plan alone")
	require.NoError(t, early.Validate())
}

func TestNamesThatCannotBePlayed(t *testing.T) {
	for name, names := range map[string][]plan.Name{
		"no domain":  {{Name: "target"}},
		"another's":  {{Name: "www.example.com"}},
		"no label":   {{Name: ".lab.test"}},
		"two labels": {{Name: "a.b.lab.test"}},
		"capitals":   {{Name: "WWW.lab.test"}},
		"twice":      {{Name: "a.lab.test"}, {Name: "a.lab.test"}},
		"no address": {{Name: "a.lab.test", Addrs: []netip.Addr{{}}}},
		"a zone":     {{Name: "a.lab.test", Later: []netip.Addr{netip.MustParseAddr("fe80::1%eth0")}}},
	} {
		p := plan.New(1).Plan()
		p.Target.Names = names
		assert.ErrorIs(t, p.Validate(), plan.ErrInvalid, name)
	}
}
