package stripe

import (
	"net/http"

	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/internal/sendonce"
)

// sendOnce returns c as one that sends nothing again by itself and gives each request its key.
func sendOnce(c *http.Client, keys channel.Keys) *http.Client {
	once := sendonce.Client(c)
	once.Transport = authorized{keys, once.Transport}
	return once
}
