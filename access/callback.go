package access

import (
	"net/http"

	"github.com/paymux/paymux"
)

// mountCallbacks takes institutions' notifications by whatever method they use (A17). They are
// not merchants: no key of ours opens or closes this door, the channel's verification does.
func (s *Server) mountCallbacks() {
	s.mux.HandleFunc(callbackPath, s.callback)
}

const (
	callbackPath = "/callbacks/{channel}/{account}"
	callbackSpan = "POST " + callbackPath // as nearly all are, whatever the method of one is
)

func (s *Server) callback(w http.ResponseWriter, r *http.Request) {
	started := s.now()
	r, span := s.begin(r, callbackSpan)
	defer span.End()
	buf := s.buffers.get()
	defer s.buffers.put(buf)
	id := paymux.RequestID(s.ids.New(paymux.PrefixRequest))
	w.Header().Set("Request-Id", string(id))
	a := s.callbackAnswer(w, r, buf, id)
	a.write(w)
	c := &call{r: r, started: started, caller: paymux.Caller{RequestID: id}}
	note(span, c, &a)
	s.ended(c, &a)
}

func (s *Server) callbackAnswer(w http.ResponseWriter, r *http.Request, buf *[]byte, id paymux.RequestID) (a answer) {
	defer func() {
		if p := recover(); p != nil {
			a = s.problemAnswer(panicked(p), id, nil)
		}
	}()
	if err := readBody(w, r, buf, callbackLimit, s.patience); err != nil {
		return s.problemAnswer(err, id, nil)
	}
	ack, err := s.callbacks.Callback(r.Context(), paymux.CallbackRequest{
		Channel: r.PathValue("channel"), Account: r.PathValue("account"),
		Method: r.Method, URL: s.publicURL + r.URL.RequestURI(), Header: r.Header,
		Body:       append([]byte(nil), *buf...), // the buffer is used again, the news may live longer
		RemoteAddr: r.RemoteAddr, RequestID: id,
	})
	if err != nil {
		return s.problemAnswer(err, id, nil)
	}
	a = answer{status: ack.Status, body: ack.Body, contentType: ack.ContentType}
	if a.status == 0 {
		a.status = http.StatusOK
	}
	if a.contentType == "" {
		a.contentType = "text/plain; charset=utf-8"
	}
	return a
}
