package rpc

import "encoding/json"

// appender is a value that writes itself as JSON, where the hot path wants that quicker than encoding/json does it.
type appender interface {
	AppendJSON(b []byte) ([]byte, error)
}

// reader is a value, zero so far, that reads itself from JSON.
type reader interface {
	ReadJSON(b []byte) error
}

func encode[T any](v *T) ([]byte, error) {
	if a, ok := any(v).(appender); ok {
		return a.AppendJSON(make([]byte, 0, 1024))
	}
	return json.Marshal(v)
}

func decode[T any](b []byte, v *T) error {
	if r, ok := any(v).(reader); ok {
		return r.ReadJSON(b)
	}
	return json.Unmarshal(b, v)
}
