package keys

import (
	"fmt"
	"net/url"
	"strings"
)

// tokenURI is what a PKCS#11 URI (RFC 7512) says of a master key.
type tokenURI struct {
	token  string // label of the token
	object string // label of the key
	module string // path of the token's library
	pin    string // where the PIN is: a file. The PIN itself is not taken: configurations are shown
}

func parseTokenURI(uri string) (t tokenURI, err error) {
	path, query, _ := strings.Cut(strings.TrimPrefix(uri, "pkcs11:"), "?")
	into := map[string]*string{"token": &t.token, "object": &t.object}
	if err = readAttributes(path, ";", into); err == nil {
		into = map[string]*string{"module-path": &t.module, "pin-source": &t.pin}
		err = readAttributes(query, "&", into)
	}
	if err == nil && (t.token == "" || t.object == "" || t.module == "" || t.pin == "") {
		err = fmt.Errorf("needs token, object, module-path and pin-source, as in pkcs11:token=paymux;object=master?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=/etc/paymux/pin")
	}
	if err != nil {
		return t, fmt.Errorf("master key: the pkcs11 URI %w", err)
	}
	t.pin = strings.TrimPrefix(strings.TrimPrefix(t.pin, "file://"), "file:")
	return t, nil
}

// readAttributes never quotes a value in its errors: one may be the PIN.
func readAttributes(list, separator string, into map[string]*string) error {
	for _, part := range strings.Split(list, separator) {
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		where, known := into[name]
		if !known {
			return fmt.Errorf("has an attribute %q that is not understood", name)
		}
		text, err := url.PathUnescape(value)
		if err != nil {
			return fmt.Errorf("has a bad %s", name)
		}
		*where = text
	}
	return nil
}
