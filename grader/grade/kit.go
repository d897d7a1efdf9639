package grade

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// decisive are the kit's sources that are compiled with a submission. The
// checks, the mutants and the stubs are part of the grader's own program.
var decisive = []string{"go.mod", "go.sum", "exercises/port", "grader/drivers", "labenv/labtest", "solutions"}

// KitDigest identifies what decides an outcome besides the submission and the
// seed: a SHA-256, in hex, over the program that grades, the lab's, the Go
// toolchain's version, and the sources that are compiled with a submission.
func (g *Grader) KitDigest() (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("identify the kit: %w", err)
	}
	sum := sha256.New()
	if err := errors.Join(digestFile(sum, self, "wirelab"), digestFile(sum, g.Builder.Labhost, "labhost")); err != nil {
		return "", err
	}
	_ = digestFile(sum, filepath.Join(g.Builder.Toolchain.GoRoot, "VERSION"), "go") // a Go built from source has none
	for _, part := range decisive {
		err := filepath.WalkDir(filepath.Join(g.Builder.Kit, filepath.FromSlash(part)), func(path string, d fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) {
				return nil // a learner's kit has no solutions
			}
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			name, err := filepath.Rel(g.Builder.Kit, path)
			if err != nil {
				return err
			}
			return digestFile(sum, path, filepath.ToSlash(name))
		})
		if err != nil {
			return "", fmt.Errorf("identify the kit: %w", err)
		}
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// digestFile adds a file's name, and the digest of its content, to sum.
func digestFile(sum io.Writer, path, name string) error {
	f, err := os.Open(path) //nolint:gosec // the kit's own file
	if err != nil {
		return fmt.Errorf("identify the kit: %w", err)
	}
	defer func() { _ = f.Close() }() // nothing was written
	content := sha256.New()
	if _, err := io.Copy(content, f); err != nil {
		return fmt.Errorf("identify the kit: %w", err)
	}
	_, err = fmt.Fprintf(sum, "%s\x00%x\n", name, content.Sum(nil))
	return err
}
