//go:build !pkcs11

package keys

import "errors"

func openToken(spec string, _ bool) (Master, func() error, error) {
	if _, err := parseTokenURI(spec); err != nil {
		return nil, nil, err
	}
	return nil, nil, errors.New("master key: this program was built without PKCS#11: build it with -tags pkcs11")
}
