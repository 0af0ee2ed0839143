// Package client is rollcall's Go client.
package client
