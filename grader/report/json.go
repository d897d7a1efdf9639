package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"unicode"

	"wirelab/grader/check"
)

// JSON writes r as indented JSON, its fields in the order of the types, with
// one line end after it. Lists that every report has are [] where they are
// empty, never null. Bytes that are no UTF-8 become U+FFFD. The error is that
// of w, or tells of a number that JSON cannot hold, such as NaN.
func JSON(w io.Writer, r check.Report) error {
	r.Exercises = append([]check.Exercise{}, r.Exercises...)
	for i, e := range r.Exercises {
		r.Exercises[i].Checks = append([]check.Result{}, e.Checks...)
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(r); err != nil {
		return fmt.Errorf("encode the report: %w", err)
	}
	if _, err := w.Write(escapeShapeless(buf.Bytes())); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

// escapeShapeless writes as \u escapes what encoding/json leaves as it is and a
// terminal would act on: DEL, C1 controls, bidirectional overrides. They can
// only stand inside of strings, where the escape means the same.
func escapeShapeless(doc []byte) []byte {
	out := make([]byte, 0, len(doc))
	for _, r := range string(doc) {
		if r == '\n' || unicode.IsGraphic(r) || r > 0xFFFF {
			out = append(out, string(r)...)
			continue
		}
		out = fmt.Appendf(out, `\u%04x`, r)
	}
	return out
}
