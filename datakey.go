package paymux

import "time"

// DataKey encrypts the secrets that rest in a region's store. It rests there itself, encrypted by a key of the key
// service, and is in clear only in the memory of processes that may ask that service.
type DataKey struct {
	ID        string // lower case letters and digits
	Wrapper   string // name of the key service's key
	Nonce     []byte // of the wrapping
	Wrapped   []byte
	CreatedAt time.Time
}
