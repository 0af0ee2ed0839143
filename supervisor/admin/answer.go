package admin

import (
	"encoding/json"
	"net/http"
	"strconv"
)

// problem is the body of every error.
type problem struct {
	Error string `json:"error"`
}

// writeText answers with words.
func writeText(w http.ResponseWriter, text plain) {
	head(w, "text/plain; charset=utf-8", len(text))
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write([]byte(text))
}

func head(w http.ResponseWriter, kind string, length int) {
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Length", strconv.Itoa(length))
}

// write answers with one JSON object and a line's end.
func write(w http.ResponseWriter, status int, value any) {
	body, err := json.Marshal(value)
	if err != nil { // a defect: every type here has a JSON form
		status, body = http.StatusInternalServerError, []byte(`{"error":"the answer has no JSON form"}`)
	}
	head(w, "application/json; charset=utf-8", len(body)+1)
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n')) // the caller has gone: nobody to tell
}
