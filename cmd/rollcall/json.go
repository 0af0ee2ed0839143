package main

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// oneLine writes a value as JSON on one line. Characters that matter only in
// HTML stay as they are.
func oneLine(value any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(value); err != nil {
		panic(fmt.Errorf("%T has no JSON form: %w", value, err)) // a defect
	}
	return bytes.TrimSuffix(b.Bytes(), []byte{'\n'})
}
