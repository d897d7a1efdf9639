package serve

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
)

// Functions are the functions that a program serves, by method name: plain Go
// functions, none of them variadic. A leading context.Context ends when the
// grader says so; a trailing error becomes a Failure; every other argument and
// result goes through encoding/json.
type Functions map[string]any

var (
	contextType = reflect.TypeFor[context.Context]()
	errorType   = reflect.TypeFor[error]()
)

// arguments decodes what the function takes. ctx leads if it takes a context.
func arguments(ctx context.Context, fn reflect.Type, raw []json.RawMessage) ([]reflect.Value, error) {
	var in []reflect.Value
	if fn.NumIn() > 0 && fn.In(0) == contextType {
		in = append(in, reflect.ValueOf(ctx))
	}
	if len(in)+len(raw) != fn.NumIn() {
		return nil, fmt.Errorf("%d arguments for %v", len(raw), fn)
	}
	for _, r := range raw {
		arg := reflect.New(fn.In(len(in)))
		if err := json.Unmarshal(r, arg.Interface()); err != nil {
			return nil, fmt.Errorf("argument %d of %v: %w", len(in), fn, err)
		}
		in = append(in, arg.Elem())
	}
	return in, nil
}

// answer encodes what the function returned.
func answer(fn reflect.Type, out []reflect.Value) (*Answer, error) {
	a := &Answer{Results: []json.RawMessage{}}
	if last := len(out) - 1; last >= 0 && fn.Out(last) == errorType {
		if err, ok := out[last].Interface().(error); ok {
			a.Failure = describe(err)
		}
		out = out[:last]
	}
	for _, v := range out {
		raw, err := json.Marshal(v.Interface())
		if err != nil {
			return nil, fmt.Errorf("a result of %v: %w", fn, err)
		}
		a.Results = append(a.Results, raw)
	}
	return a, nil
}
