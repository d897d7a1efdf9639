package docker

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// executable writes the head of a program for a machine.
func executable(t *testing.T, path string, machine elf.Machine) {
	t.Helper()
	head := elf.Header64{
		Type: uint16(elf.ET_EXEC), Machine: uint16(machine), Version: uint32(elf.EV_CURRENT),
		Ehsize: 64, Phentsize: 56, Shentsize: 64,
	}
	copy(head.Ident[:], elf.ELFMAG+string([]byte{byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)}))
	var b bytes.Buffer
	require.NoError(t, binary.Write(&b, binary.LittleEndian, head))
	require.NoError(t, os.WriteFile(path, b.Bytes(), 0o600))
}

// An engine may run on another kind of machine than the kit.
func TestLabhostFor(t *testing.T) {
	path := filepath.Join(t.TempDir(), "labhost")
	_, err := labhostFor(path, "amd64")
	require.ErrorIs(t, err, os.ErrNotExist)
	assert.ErrorContains(t, err, "`make build` makes it")

	executable(t, path, elf.EM_X86_64)
	got, err := labhostFor(path, "amd64")
	require.NoError(t, err)
	assert.Equal(t, path, got)

	_, err = labhostFor(path, "arm64")
	assert.ErrorContains(t, err, "GOARCH=arm64 go build -o "+path+"-arm64 ./labenv/labhost")
	executable(t, path+"-arm64", elf.EM_AARCH64)
	got, err = labhostFor(path, "arm64")
	require.NoError(t, err)
	assert.Equal(t, path+"-arm64", got)

	_, err = labhostFor(path, "riscv64")
	assert.ErrorContains(t, err, `"riscv64"`)
}
