package sealed_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wirelab/grader/sealed"
)

func TestSeal(t *testing.T) {
	files := sealed.Files{{Name: "06_probe/probe.go", Data: []byte("package probe\n\nfunc Probe() {}\n")}, {Name: "07_scan/scan.go", Data: []byte("package scan\n")}}

	data, err := sealed.Seal(files)
	require.NoError(t, err)
	again, err := sealed.Seal(files)
	require.NoError(t, err)
	opened, err := sealed.Open(data)

	require.NoError(t, err)
	assert.Equal(t, files, opened)
	assert.Equal(t, data, again)
	assert.NotContains(t, string(data), "probe")
}

func FuzzOpen(f *testing.F) {
	data, err := sealed.Seal(sealed.Files{{Name: "a", Data: []byte("b\n")}})
	require.NoError(f, err)
	f.Add(data)
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := sealed.Open(data); err != nil {
			require.ErrorIs(t, err, sealed.ErrSeal)
		}
	})
}
