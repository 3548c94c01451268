package httpsig

import (
	"fmt"
	"net/url"
	"strings"
)

// appendQueryParam writes the value of one query parameter, decoded and encoded again (RFC 9421 §2.2.8). A
// parameter that is there more than once can not be covered.
func appendQueryParam(dst []byte, query, encodedName string) ([]byte, error) {
	name, err := url.QueryUnescape(encodedName)
	if err != nil {
		return dst, fmt.Errorf("the name of the covered query parameter %q is not percent-encoded properly", encodedName)
	}
	found := false
	for pair := range strings.SplitSeq(query, "&") {
		rawKey, rawValue, _ := strings.Cut(pair, "=")
		if key, err := url.QueryUnescape(rawKey); err != nil || key != name || pair == "" {
			continue
		}
		value, err := url.QueryUnescape(rawValue)
		if err != nil {
			return dst, fmt.Errorf("the query parameter %q is not percent-encoded properly", encodedName)
		}
		if found {
			return dst, fmt.Errorf("the covered query parameter %q is there more than once", encodedName)
		}
		found = true
		dst = appendPercent(dst, value)
	}
	if !found {
		return dst, &MissingError{"@query-param " + encodedName}
	}
	return dst, nil
}

const hexDigits = "0123456789ABCDEF"

// appendPercent encodes all but the bytes that the URL standard leaves alone in form data; a space becomes %20.
func appendPercent(dst []byte, text string) []byte {
	for i := range len(text) {
		c := text[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("*-._", c) >= 0:
			dst = append(dst, c)
		default:
			dst = append(dst, '%', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	return dst
}
