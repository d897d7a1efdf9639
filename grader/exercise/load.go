package exercise

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// folderName is what an exercise's folder is called. Other folders, such as
// port, hold no exercise.
var folderName = regexp.MustCompile(`^[0-9]{2}_[a-z][a-z0-9]*$`)

// Load reads the manifests of all exercises in fsys, an exercises folder, in
// the order of their folders. It reports everything that is wrong with any of
// them at once; each of these errors matches ErrManifest.
func Load(fsys fs.FS) ([]Manifest, error) {
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return nil, fmt.Errorf("looking for exercises: %w", err)
	}
	var all []Manifest
	var errs []error
	for _, entry := range entries {
		if !entry.IsDir() || !folderName.MatchString(entry.Name()) {
			continue
		}
		m, err := load(fsys, entry.Name(), all)
		all = append(all, m)
		errs = append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return all, nil
}

// load reads the manifest in one folder. earlier are those before it.
func load(fsys fs.FS, folder string, earlier []Manifest) (Manifest, error) {
	name := path.Join(folder, "exercise.toml")
	data, err := fs.ReadFile(fsys, name)
	if errors.Is(err, fs.ErrNotExist) {
		return Manifest{ID: folder}, &problem{name, 0, "it is missing; every exercise has one"}
	}
	if err != nil {
		return Manifest{ID: folder}, fmt.Errorf("reading a manifest: %w", err)
	}
	m := Manifest{}
	err = toml.NewDecoder(bytes.NewReader(data)).DisallowUnknownFields().Decode(&m)
	decoded := decodeProblems(name, err)
	if unknown := (*toml.StrictMissingError)(nil); err != nil && !errors.As(err, &unknown) {
		return Manifest{ID: folder}, decoded // what was not read cannot be judged
	}
	v := validator{file: name, lines: index(data)}
	v.manifest(m, folder, earlier)
	m.ID = folder // so that later exercises find it whatever it calls itself
	return m, errors.Join(decoded, errors.Join(v.problems...))
}

// decodeProblems tells what go-toml found, with its lines.
func decodeProblems(name string, err error) error {
	if err == nil {
		return nil
	}
	if unknown := (*toml.StrictMissingError)(nil); errors.As(err, &unknown) {
		var errs []error
		for i := range unknown.Errors {
			errs = append(errs, unknownKey(name, &unknown.Errors[i]))
		}
		return errors.Join(errs...)
	}
	if at := (*toml.DecodeError)(nil); errors.As(err, &at) {
		line, _ := at.Position()
		return &problem{name, line, strings.TrimPrefix(at.Error(), "toml: ")}
	}
	return &problem{name, 0, err.Error()}
}

func unknownKey(name string, at *toml.DecodeError) error {
	line, _ := at.Position()
	return &problem{name, line, fmt.Sprintf("there is no key %s in a manifest", strings.Join(at.Key(), "."))}
}

// problem is one thing wrong with a manifest.
type problem struct {
	file string
	line int // 0 where no line can be named
	text string
}

func (p *problem) Error() string {
	if p.line == 0 {
		return fmt.Sprintf("%s: %s", p.file, p.text)
	}
	return fmt.Sprintf("%s:%d: %s", p.file, p.line, p.text)
}

func (p *problem) Is(target error) bool { return target == ErrManifest }
