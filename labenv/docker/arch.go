package docker

import (
	"debug/elf"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// machines are the processors that labhost is built for, by GOARCH.
var machines = map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}

// labhostFor returns the path of the labhost for a processor: the one at path,
// or the one beside it that has the processor in its name.
func labhostFor(path, arch string) (string, error) {
	want, ok := machines[arch]
	if !ok {
		return "", fmt.Errorf("the engine's machine has the processor %q, for which there is no labhost; amd64 and arm64 have one", arch)
	}
	exe, err := elf.Open(path)
	if err != nil {
		return "", fmt.Errorf("the program labhost is missing (`make build` makes it): %w", err)
	}
	defer exe.Close()
	if exe.Machine == want {
		return path, nil
	}
	other := path + "-" + arch
	if _, err := os.Stat(other); errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("the engine's machine is an %s, and there is no labhost for it; to make one:\n    CGO_ENABLED=0 GOOS=linux GOARCH=%s go build -o %s ./labenv/labhost", arch, arch, other)
	}
	return other, nil
}
