package main

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTableSaysWhatWasReached(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, write(&out, []figure{
		{what: "quick", value: 0.5, target: 1, unit: "s", strict: true, how: "median of 3"},
		{what: "just quick enough", value: 10, target: 10, unit: "ms"},
		{what: "not quick enough", value: 1, target: 1, unit: "×", strict: true},
		missing("absent", "nmap is not installed"),
	}))
	assert.Equal(t, ""+
		"  what               measured      target         of target  how\n"+
		"✓ quick              0.50 s        below 1 s      0.50       median of 3\n"+
		"✓ just quick enough  10.00 ms      at most 10 ms  1.00       \n"+
		"✗ not quick enough   1.00 ×        below 1 ×      1.00       \n"+
		"– absent             not measured                            nmap is not installed\n", out.String())
}

func TestQuantiles(t *testing.T) {
	samples := []time.Duration{5, 1, 4, 2, 3}
	assert.Equal(t, time.Duration(3), median(samples))
	assert.Equal(t, time.Duration(5), quantile(samples, 0.99))
	assert.Equal(t, time.Duration(1), median(samples[1:2]))
}

func TestNmapReportsAreCounted(t *testing.T) {
	open, closed, err := countNmap([]byte(`<nmaprun><host><ports>
		<extraports state="closed" count="65425"/><extraports state="filtered" count="98"/>
		<port protocol="tcp" portid="2080"><state state="open" reason="syn-ack"/></port>
		<port protocol="tcp" portid="2081"><state state="filtered" reason="no-response"/></port>
		<port protocol="tcp" portid="2082"><state state="closed" reason="conn-refused"/></port>
	</ports></host></nmaprun>`))
	require.NoError(t, err)
	assert.Equal(t, []int{1, 65426}, []int{open, closed})
	_, _, err = countNmap([]byte("nmap: command not found"))
	assert.Error(t, err)
}

func TestWrongVerdictsAreCounted(t *testing.T) {
	q := everyPort(1)
	assert.Zero(t, q.mistaken(opened, others))
	assert.Equal(t, 3, q.mistaken(opened+1, others-2), "too many do not make up for too few")
}
