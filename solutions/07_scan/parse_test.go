package scan_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	scan "wirelab/solutions/07_scan"
)

func TestParsePorts(t *testing.T) {
	for spec, want := range map[string][]uint16{
		"80":                   {80},
		"1":                    {1},
		"65535":                {65535},
		"22,80,8000-8003":      {22, 80, 8000, 8001, 8002, 8003},
		"443,80,443,79-81":     {79, 80, 81, 443},
		" 22 ,\t80":            {22, 80},
		"80 - 82":              {80, 81, 82},
		"7-7":                  {7},
		"65533-":               {65533, 65534, 65535},
		"-3":                   {1, 2, 3},
		"00080":                {80},
		"3-5,1-4,65535-,65534": {1, 2, 3, 4, 5, 65534, 65535},
	} {
		got, err := scan.ParsePorts(spec)
		require.NoError(t, err, "%q", spec)
		assert.Equal(t, want, got, "%q", spec)
	}
}

func TestParsePortsAll(t *testing.T) {
	got, err := scan.ParsePorts("-")
	require.NoError(t, err)
	require.Len(t, got, 65535)
	assert.Equal(t, uint16(1), got[0])
	assert.Equal(t, uint16(65535), got[65534])
	assert.True(t, slices.IsSorted(got))
}

func TestParsePortsExplains(t *testing.T) {
	for spec, want := range map[string]string{
		"":          `ports: "": nothing to scan here: write a port such as 80, a range such as 8000-8010, or - for all`,
		"22,,80":    `ports: "": nothing to scan here: write a port such as 80, a range such as 8000-8010, or - for all`,
		"22, ":      `ports: " ": nothing to scan here: write a port such as 80, a range such as 8000-8010, or - for all`, //nolint:gocritic // the blank is the point
		"0":         `ports: "0": ports begin at 1`,
		"0-10":      `ports: "0-10": ports begin at 1`,
		"80,65536":  `ports: "65536": ports end at 65535`,
		"1-70000":   `ports: "1-70000": ports end at 65535`,
		"90-80":     `ports: "90-80": the range runs backwards: write 80-90`,
		"22,ssh":    `ports: "ssh": not a port: write a number from 1 to 65535, or two with a - between`,
		"1-2-3":     `ports: "1-2-3": not a port: write a number from 1 to 65535, or two with a - between`,
		"+80":       `ports: "+80": not a port: write a number from 1 to 65535, or two with a - between`,
		"80;443":    `ports: "80;443": not a port: write a number from 1 to 65535, or two with a - between`,
		"--":        `ports: "--": not a port: write a number from 1 to 65535, or two with a - between`,
		"0x50":      `ports: "0x50": not a port: write a number from 1 to 65535, or two with a - between`,
		"999999999": `ports: "999999999": ports end at 65535`,
	} {
		got, err := scan.ParsePorts(spec)
		assert.EqualError(t, err, want, "%q", spec)
		assert.Empty(t, got, "%q", spec)
	}
}

func FuzzParsePorts(f *testing.F) {
	for _, spec := range []string{"22,80,8000-8010", "-", "8000-", "-100", "0", "90-80", ",", "ssh"} {
		f.Add(spec)
	}
	f.Fuzz(func(t *testing.T, spec string) {
		got, err := scan.ParsePorts(spec)
		if err != nil {
			assert.Nil(t, got)
			return
		}
		assert.NotEmpty(t, got)
		assert.NotZero(t, got[0])
		assert.True(t, slices.IsSorted(got))
		assert.Len(t, slices.Compact(slices.Clone(got)), len(got))
	})
}
