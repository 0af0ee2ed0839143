package client

import "example.com/rollcall/wire"

// fileNotice takes the news of a file that is meant for this user.
func (c *Client) fileNotice(m *wire.FileNotice) {
	if len(m.File.ID) == 0 && (m.Event == wire.FileAborted || m.Event == wire.FileExpired) {
		// A relay whose sender did not come back.
		c.abandoned(relayKeyOf(&m.File), &RequestError{Code: m.Code, By: m.By})
	}
	if c.o.OnFileNotice != nil && !c.inbox.add(item{m: m}) {
		c.dropped.Add(1)
	}
}
