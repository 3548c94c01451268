package alipay

import (
	"errors"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/paymux/paymux/channel"
)

// formOf is the form a notification is posted as.
func formOf(req channel.CallbackRequest) (map[string]string, error) {
	kind, _, err := mime.ParseMediaType(http.Header(req.Header).Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return nil, errors.New("it is no posted form")
	}
	return parseForm(req.Body)
}

// parseForm reads a notification's body. What is signed are names and values, so a name must have one
// value: a form that says something twice, or has a part without a name, is refused whole.
func parseForm(body []byte) (map[string]string, error) {
	form := map[string]string{}
	for part := range strings.SplitSeq(string(body), "&") {
		name, value, ok := strings.Cut(part, "=")
		if !ok {
			return nil, errors.New("a part of the form is no name=value")
		}
		name, err := url.QueryUnescape(name)
		if err != nil {
			return nil, errors.New("a name in the form is not encoded properly")
		}
		if value, err = url.QueryUnescape(value); err != nil {
			return nil, errors.New("a value in the form is not encoded properly")
		}
		if _, twice := form[name]; twice || name == "" {
			return nil, errors.New("a name in the form is empty, or there twice")
		}
		form[name] = value
	}
	return form, nil
}
