package access

import "github.com/paymux/paymux"

// The names of these bodies are those of paymux.Endpoint, into which they are read.

type endpointBody struct {
	URL         string                 `json:"url" need:"false" len:"1-2000" format:"uri" doc:"https in live mode; required without per_payment, refused with it" example:"https://shop.example/webhooks"`
	PerPayment  bool                   `json:"per_payment" need:"false" doc:"true: no URL of its own; signs and schedules what goes to the notify_url of payments"`
	Description string                 `json:"description" need:"false" len:"0-255"`
	Events      []paymux.EventType     `json:"events" need:"false" len:"0-50" doc:"which types to send; all if empty"`
	Signature   paymux.SignatureScheme `json:"signature" need:"false" doc:"hmac-sha256 if not given: a shared secret; ed25519: verified with public_keys, there is no secret to keep" example:"hmac-sha256"`
	Delivery    deliveryBody           `json:"delivery" need:"false" doc:"the merchant's own schedule"`
}

type endpointPatch struct {
	URL         string                `json:"url" need:"false" len:"1-2000" format:"uri" doc:"https in live mode"`
	Description string                `json:"description" need:"false" len:"0-255" null:"true"`
	Events      []paymux.EventType    `json:"events" need:"false" len:"0-50" null:"true" doc:"null or empty: all types"`
	Status      paymux.EndpointStatus `json:"status" need:"false" doc:"disabled endpoints are sent nothing; with pull the merchant reads GET /v1/events instead"`
	Delivery    deliveryBody          `json:"delivery" need:"false" null:"true" doc:"members that are given change; null: the default schedule"`
}

type deliveryBody struct {
	RetrySeconds  []second             `json:"retry_seconds" need:"false" len:"0-20" null:"true" doc:"waits before the 2nd, 3rd, … attempt; their number limits the attempts; null or empty: the default" example:"[5,300,1800]"`
	JitterPercent int                  `json:"jitter_percent" need:"false" range:"1-50" null:"true" doc:"by which a wait may differ; 20 if not given" example:"20"`
	TimeoutMS     int                  `json:"timeout_ms" need:"false" range:"1000-30000" null:"true" doc:"of one attempt; 15000 if not given" example:"15000"`
	Window        int                  `json:"window" need:"false" range:"1-64" null:"true" doc:"attempts under way at a time; 32 if not given" example:"32"`
	RatePerSecond int                  `json:"rate_per_second" need:"false" range:"1-1000" null:"true" doc:"attempts a second; no limit if not given" example:"100"`
	Order         paymux.DeliveryOrder `json:"order" need:"false" null:"true" doc:"object: one at a time of each object, in sequence; latest: what a newer one of the object has superseded is not sent; no promise if not given"`
	OnFailure     failureBody          `json:"on_failure" need:"false" null:"true" doc:"what happens when deliveries keep failing"`
}

type failureBody struct {
	Exhausted    paymux.ExhaustedAction `json:"exhausted" need:"false" null:"true" doc:"what becomes of a notification whose last attempt has failed; dead_letter if not given: kept, replayed on request" example:"dead_letter"`
	ProbeSeconds int                    `json:"probe_seconds" need:"false" range:"60-86400" null:"true" doc:"between the attempts of slow_probe; 3600 if not given" example:"3600"`
	AlertAfter   int                    `json:"alert_after_seconds" need:"false" range:"60-31536000" null:"true" doc:"how long every attempt has to have failed before the other endpoints are sent endpoint.failing; 3600 if not given" example:"3600"`
	DisableAfter int                    `json:"disable_after_seconds" need:"false" range:"3600-31536000" also:"-1" null:"true" doc:"the same for disabling the endpoint; five days if not given; -1: never" example:"432000"`
}

// second is a wait, 1 s to 7 days.
type second int

type rotateBody struct {
	ExpireSeconds *int `json:"expire_seconds" need:"false" range:"0-604800" doc:"how long the old secrets go on signing beside the new one; a day if not given; 0: they end at once" example:"86400"`
}

// endpointAnswer is an endpoint, with its secret where that is shown.
type endpointAnswer struct {
	paymux.Endpoint
	Secret        string `json:"secret,omitempty" doc:"signs deliveries; shown in this answer only; none with ed25519" example:"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"`
	SecretOmitted bool   `json:"secret_omitted,omitempty" doc:"true on a repeat of the request: the secret was shown in its first answer, rotate it if that was lost"`
}
