package admin_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"example.com/rollcall/supervisor"
	"example.com/rollcall/supervisor/admin"
)

// The API beside an embedded server, on a loopback address of its own. A real
// program gives its http.Server time limits.
func ExampleHandler() {
	s, err := supervisor.New(supervisor.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = s.Shutdown(context.Background()) }()
	api := httptest.NewServer(admin.Handler(s, admin.Options{Release: "1.2.3"}))
	defer api.Close()
	defer http.DefaultClient.CloseIdleConnections()

	for _, path := range []string{"/healthz", "/readyz", "/userz", "/connz?usr=alice"} {
		answer, err := http.Get(api.URL + path) //nolint:noctx // an example
		if err != nil {
			fmt.Println(err)
			return
		}
		text, _ := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		fmt.Print(answer.StatusCode, " ", string(text))
	}
	// Output:
	// 200 {"status":"ok"}
	// 503 {"error":"no connections are accepted"}
	// 200 {"users":[]}
	// 400 {"error":"unknown parameter \"usr\": there is state, cursor, limit, id, identifier, endpoint, user, reason"}
}
