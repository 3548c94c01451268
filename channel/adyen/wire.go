package adyen

import "encoding/json"

// Requests and answers of the Checkout API, in so far as they matter here.

type paymentRequest struct {
	MerchantAccount    string            `json:"merchantAccount"`
	Reference          string            `json:"reference"`
	Amount             amount            `json:"amount"`
	PaymentMethod      map[string]string `json:"paymentMethod"`
	ReturnURL          string            `json:"returnUrl"`
	Channel            string            `json:"channel"`
	ShopperReference   string            `json:"shopperReference,omitempty"`
	ShopperInteraction string            `json:"shopperInteraction,omitempty"`
	ProcessingModel    string            `json:"recurringProcessingModel,omitempty"`
	ShopperIP          string            `json:"shopperIP,omitempty"`
	CountryCode        string            `json:"countryCode,omitempty"`
	Origin             string            `json:"origin,omitempty"`
	BrowserInfo        json.RawMessage   `json:"browserInfo,omitempty"`
	AuthenticationData *authentication   `json:"authenticationData,omitempty"`
	CaptureDelayHours  *int              `json:"captureDelayHours,omitempty"`
	AdditionalData     map[string]string `json:"additionalData,omitempty"`
	Metadata           map[string]string `json:"metadata,omitempty"`
	FromIssuer         string            `json:"redirectFromIssuerMethod,omitempty"`
}

type authentication struct {
	Request struct {
		Native string `json:"nativeThreeDS"`
	} `json:"threeDSRequestData"`
}

type detailsRequest struct {
	Details map[string]string `json:"details"`
}

// paymentAnswer is the answer of /payments and of /payments/details.
type paymentAnswer struct {
	PSPReference      string          `json:"pspReference"`
	MerchantReference string          `json:"merchantReference"`
	ResultCode        string          `json:"resultCode"`
	RefusalReason     string          `json:"refusalReason"`
	RefusalReasonCode string          `json:"refusalReasonCode"`
	Amount            *amount         `json:"amount"`
	Action            json.RawMessage `json:"action"`
	PaymentMethod     struct {
		Brand string `json:"brand"`
	} `json:"paymentMethod"`
	AdditionalData struct {
		CardSummary string `json:"cardSummary"`
		ExpiryDate  string `json:"expiryDate"`
	} `json:"additionalData"`
}

type action struct {
	Type   string            `json:"type"`
	URL    string            `json:"url"`
	Method string            `json:"method"`
	Data   map[string]string `json:"data"`
}

type linkRequest struct {
	MerchantAccount   string            `json:"merchantAccount"`
	Reference         string            `json:"reference"`
	Amount            amount            `json:"amount"`
	AllowedMethods    []string          `json:"allowedPaymentMethods"`
	ReturnURL         string            `json:"returnUrl,omitempty"`
	Description       string            `json:"description,omitempty"`
	ExpiresAt         string            `json:"expiresAt,omitempty"`
	CountryCode       string            `json:"countryCode,omitempty"`
	ManualCapture     *bool             `json:"manualCapture,omitempty"`
	CaptureDelayHours *int              `json:"captureDelayHours,omitempty"`
	Metadata          map[string]string `json:"metadata,omitempty"`
}

type linkUpdate struct {
	Status string `json:"status"`
}

type link struct {
	ID        string  `json:"id"`
	URL       string  `json:"url"`
	Status    string  `json:"status"`
	Reference string  `json:"reference"`
	Amount    *amount `json:"amount"`
}

// modification asks for a capture, a cancel or a refund.
type modification struct {
	MerchantAccount  string  `json:"merchantAccount"`
	Reference        string  `json:"reference"`
	Amount           *amount `json:"amount,omitempty"`
	PaymentReference string  `json:"paymentReference,omitempty"` // of /cancels: our reference of the payment
	RefundReason     string  `json:"merchantRefundReason,omitempty"`
}

type received struct {
	Status       string  `json:"status"`
	PSPReference string  `json:"pspReference"`
	Reference    string  `json:"reference"`
	Amount       *amount `json:"amount"`
}

// serviceError is Adyen's error answer.
type serviceError struct {
	Status       int    `json:"status"`
	ErrorCode    string `json:"errorCode"`
	ErrorType    string `json:"errorType"`
	Message      string `json:"message"`
	PSPReference string `json:"pspReference"`
}
