package sandbox

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
)

// signatureHeader carries t=<unix seconds>,v1=<HMAC-SHA256 over "t.body" in hexadecimal>.
const signatureHeader = "Sandbox-Signature"

// tolerance is how far a signature's time may be from ours.
const tolerance = 5 * time.Minute

func sign(secret paymux.Secret, at time.Time, body []byte) string {
	seconds := strconv.FormatInt(at.Unix(), 10)
	return "t=" + seconds + ",v1=" + hex.EncodeToString(signatureOf(secret, seconds, body))
}

func signatureOf(secret paymux.Secret, seconds string, body []byte) []byte {
	mac := hmac.New(sha256.New, []byte(secret.Reveal()))
	mac.Write([]byte(seconds))
	mac.Write([]byte{'.'})
	mac.Write(body)
	return mac.Sum(nil)
}

// verify believes a body or not: errors wrap channel.ErrForged or channel.ErrStale.
func verify(secret paymux.Secret, header string, body []byte, now time.Time) error {
	first, second, _ := strings.Cut(header, ",")
	seconds, okTime := strings.CutPrefix(first, "t=")
	proof, okProof := strings.CutPrefix(second, "v1=")
	given, err := hex.DecodeString(proof)
	if !okTime || !okProof || err != nil {
		return fmt.Errorf("%w: header %s is missing or not of the form t=…,v1=…", channel.ErrForged, signatureHeader)
	}
	if !hmac.Equal(given, signatureOf(secret, seconds, body)) {
		return fmt.Errorf("%w: the signature is wrong", channel.ErrForged)
	}
	at, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return fmt.Errorf("%w: the signature's time is no number", channel.ErrForged)
	}
	if age := now.Sub(time.Unix(at, 0)); age > tolerance || age < -tolerance {
		return fmt.Errorf("%w: signed %v ago", channel.ErrStale, age.Round(time.Second))
	}
	return nil
}
