package main

import (
	"context"
	"fmt"
	"path/filepath"
	"time"
)

const pinRounds = 3

// pins measures how long it takes to grade the reference of 15_pin: its test
// against all scanners and labs, warm.
func (k *kit) pins(ctx context.Context, step func(done, total int, what string)) ([]figure, error) {
	const id, file = "15_pin", "pin_test.go"
	files, err := k.reference(id)
	if err != nil {
		return nil, err
	}
	from := filepath.Join(k.scratch, "pin")
	var took []time.Duration
	for i := range pinRounds + 1 {
		step(i, pinRounds+1, "grade a test")
		edited := append([]byte(fmt.Sprintf("// %d\n", time.Now().UnixNano())), files[file]...)
		if err := put(filepath.Join(from, id, file), edited); err != nil {
			return nil, err
		}
		d, err := timed(k.command(ctx, "check", id, "--from", from, "--out", filepath.Join(k.scratch, "reports")))
		if err != nil {
			return nil, err
		}
		if i > 0 { // the first builds the scanners
			took = append(took, d)
		}
	}
	return []figure{{
		what: "15_pin, the reference test against all scanners and labs", value: median(took).Seconds(), target: 20, unit: "s", strict: true,
		how: fmt.Sprintf("median of %d edits", pinRounds),
	}}, nil
}
