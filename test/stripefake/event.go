package stripefake

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// Event is the body of an event about an object: see Object.
func Event(kind string, data []byte) []byte {
	body, err := json.Marshal(object{
		"id": "evt_" + rand.Text(), "object": "event", "api_version": "2020-08-27", "created": time.Now().Unix(), "livemode": false,
		"type": kind, "data": object{"object": json.RawMessage(data)},
	})
	if err != nil {
		panic(err)
	}
	return body
}

// Sign makes the headers of an event, signed with an endpoint's secret at a time.
func Sign(secret string, at time.Time, body []byte) http.Header {
	seconds := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(mac, "%s.%s", seconds, body)
	h := http.Header{}
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Stripe-Signature", "t="+seconds+",v1="+hex.EncodeToString(mac.Sum(nil)))
	return h
}
