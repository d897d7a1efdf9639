// Package sealed keeps the reference solutions in a learner's kit, where a later
// exercise is graded with the reference of an earlier one that does not pass yet.
//
// A seal is to keep learners from reading a solution by accident, or by search.
// It is no secret: the key is here. Marks come from the instructor's run, which
// depends on nothing of the learner's (docs/threat-model.md).
package sealed

import (
	"bytes"
	"compress/flate"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"

	"github.com/rogpeppe/go-internal/txtar"
)

// Name is the file that holds the references, beside the program labhost.
const Name = "references.sealed"

// ErrSeal is matched by Open's error where the file is none of Seal's.
var ErrSeal = errors.New("the sealed references are damaged: unpack the kit again")

// Files are contents by path, with slashes: "06_probe/probe.go".
type Files = []txtar.File

// Seal packs files. The same files give the same bytes.
func Seal(files Files) ([]byte, error) {
	text := txtar.Format(&txtar.Archive{Files: files})
	sum := sha256.Sum256(text)
	var packed bytes.Buffer
	w, err := flate.NewWriter(&packed, flate.BestCompression)
	if err != nil {
		return nil, err
	}
	_, err = w.Write(append(sum[:], text...))
	if err := errors.Join(err, w.Close()); err != nil {
		return nil, fmt.Errorf("seal the references: %w", err)
	}
	return cover(packed.Bytes())
}

// Open returns what was sealed. Errors match ErrSeal.
func Open(data []byte) (Files, error) {
	packed, err := cover(data)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(flate.NewReader(bytes.NewReader(packed)))
	if err != nil || len(text) < sha256.Size {
		return nil, ErrSeal
	}
	if sum := sha256.Sum256(text[sha256.Size:]); !bytes.Equal(sum[:], text[:sha256.Size]) {
		return nil, ErrSeal
	}
	return txtar.Parse(text[sha256.Size:]).Files, nil
}

// cover hides the bytes, and shows them again.
func cover(data []byte) ([]byte, error) {
	key := sha256.Sum256([]byte("wirelab: look at your own solution first"))
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return nil, err
	}
	out := make([]byte, len(data))
	cipher.NewCTR(block, make([]byte, aes.BlockSize)).XORKeyStream(out, data) //nolint:gosec // a seal and no secret: the same files are to give the same bytes
	return out, nil
}
