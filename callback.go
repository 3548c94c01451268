package paymux

// CallbackRequest is an institution's notification as it came in, not yet believed.
type CallbackRequest struct {
	Channel    string // from the path /callbacks/<channel>/<account>
	Account    string
	Method     string
	URL        string              // whole, as the institution called it
	Header     map[string][]string // canonical keys, as in http.Header
	Body       []byte
	RemoteAddr string
	RequestID  RequestID
}

// CallbackAck is what the institution wants to hear once its news is durable. Zero Status means 200.
type CallbackAck struct {
	Status      int
	ContentType string
	Body        []byte
}
