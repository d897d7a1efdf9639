package stage

import (
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"strconv"
	"strings"

	"wirelab/grader/exercise"
)

// maxSyntax bounds how many syntax errors of one file are reported.
const maxSyntax = 5

// CheckSource returns what forbids compiling one file of a learner's: imports
// that the manifest does not allow, compiler directives, a foreign package
// clause. Syntax errors are the compiler's to report, and let through, but
// only where the file's comments and imports are certain all the same;
// otherwise they are problems too. name is the file's base name.
//
// The token scanner finds the comments, since a directive counts wherever it
// stands; the parser finds the imports. Neither believes a //line.
func CheckSource(m exercise.Manifest, name string, src []byte) []Problem {
	s := &source{manifest: m, name: name, src: src}
	if s.isUTF16() {
		s.problems = append(s.problems, Problem{File: name, Text: "is saved as UTF-16; save it as UTF-8."})
		return s.problems
	}
	s.scan()
	parsed, err := s.parse()
	if err != nil {
		s.syntax(err)
		return s.problems
	}
	s.packageClause(parsed)
	for _, spec := range parsed.Imports {
		s.importSpec(spec)
	}
	return s.problems
}

// source is the check of one file.
type source struct {
	manifest exercise.Manifest
	name     string
	src      []byte

	fset     *token.FileSet // of the tokens or the tree that is looked at
	imports  int            // import keywords among the tokens
	lexical  scanner.ErrorList
	problems []Problem
}

func (s *source) isUTF16() bool {
	return bytes.HasPrefix(s.src, []byte{0xff, 0xfe}) || bytes.HasPrefix(s.src, []byte{0xfe, 0xff})
}

func (s *source) fail(pos token.Pos, format string, args ...any) {
	at := s.fset.PositionFor(pos, false) // as in the file, whatever a //line says
	s.problems = append(s.problems, Problem{File: s.name, Line: at.Line, Text: fmt.Sprintf(format, args...)})
}

// scan reads all tokens, and judges the comments among them.
func (s *source) scan() {
	s.fset = token.NewFileSet()
	file := s.fset.AddFile(s.name, -1, len(s.src))
	var tokens scanner.Scanner
	tokens.Init(file, s.src, s.lexical.Add, scanner.ScanComments)
	for {
		pos, kind, text := tokens.Scan()
		switch kind {
		case token.EOF:
			return
		case token.IMPORT:
			s.imports++
		case token.COMMENT:
			s.comment(pos, text)
		}
	}
}

// comment refuses what the compiler or the go command would obey: see
// cmd/compile, "Compiler Directives". Only build constraints may stay.
func (s *source) comment(pos token.Pos, text string) {
	body := text[2:]
	verb, _, _ := strings.Cut(strings.TrimSuffix(body, "*/"), " ")
	verb, _, _ = strings.Cut(verb, "\t")
	switch {
	case strings.HasPrefix(body, "go:") && text[1] == '/' && verb != "go:build":
		s.fail(pos, "the directive //%s is not allowed here: only //go:build is.", brief(verb))
	case verb == "line":
		s.fail(pos, "line directives are not allowed here: put a blank before the word if this is prose.")
	case verb == "export" && text[1] == '/':
		s.fail(pos, "the directive //export is not allowed here: learner code is plain Go, without cgo.")
	}
}

// parse returns the file's tree. Of a file with syntax errors it returns the
// package clause and the imports, if it is certain that there are no others:
// the tokens are sound, and each import keyword among them was understood.
func (s *source) parse() (*ast.File, error) {
	s.fset = token.NewFileSet()
	parsed, err := parser.ParseFile(s.fset, s.name, s.src, parser.SkipObjectResolution)
	if err == nil {
		return parsed, nil
	}
	s.fset = token.NewFileSet()
	head, headErr := parser.ParseFile(s.fset, s.name, s.src, parser.ImportsOnly|parser.SkipObjectResolution)
	if headErr != nil || len(s.lexical) > 0 || len(head.Decls) != s.imports {
		return nil, err
	}
	return head, nil
}

// syntax reports the parser's errors. Its positions heed //line, but a file
// with one is refused in any case.
func (s *source) syntax(err error) {
	var list scanner.ErrorList
	if !errors.As(err, &list) {
		s.problems = append(s.problems, Problem{File: s.name, Text: err.Error()})
		return
	}
	for _, e := range list[:min(len(list), maxSyntax)] {
		s.problems = append(s.problems, Problem{
			File: s.name, Line: e.Pos.Line, Column: e.Pos.Column, Text: "syntax error: " + e.Msg,
		})
	}
}

func (s *source) packageClause(parsed *ast.File) {
	want, got := s.manifest.Package, parsed.Name.Name
	if got == want || strings.HasSuffix(s.name, "_test.go") && got == want+"_test" {
		return
	}
	s.fail(parsed.Name.Pos(), "the package clause says %s; it must say %s.", brief(got), want)
}

func (s *source) importSpec(spec *ast.ImportSpec) {
	path, err := strconv.Unquote(spec.Path.Value)
	if err != nil || !s.manifest.Allows(path) {
		s.fail(spec.Path.Pos(), "the import %s is not allowed here: %s", brief(path), exercise.Refusal(path))
	}
}

// brief cuts a name of the learner's, so that the sentence around it survives.
func brief(name string) string {
	if runes := []rune(name); len(runes) > 60 {
		return string(runes[:60]) + "…"
	}
	return name
}
