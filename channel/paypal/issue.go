package paypal

import "github.com/paymux/paymux"

// Issues that say how things stand rather than why something is refused.
const (
	issuePayerAction = "PAYER_ACTION_REQUIRED"
	issueNotApproved = "ORDER_NOT_APPROVED"
	issueVoided      = "PREVIOUSLY_VOIDED"
	issueCompleted   = "ORDER_ALREADY_COMPLETED"
)

// reason is a decline in our vocabulary.
type reason struct {
	code   paymux.DeclineCode
	advice paymux.Advice
	// retryable: the refusal is the account's or PayPal's own trouble, not its word on this payer; another
	// channel may be asked.
	retryable bool
}

// reasonOf translates the issues of PayPal's refusals (HTTP 422) that prove that nothing was
// done. Those that say that it was done before, such as DUPLICATE_INVOICE_ID or
// ORDER_ALREADY_CAPTURED, are left out with purpose, as is what is new to us: they prove nothing.
func reasonOf(issue string) (why reason, known bool) {
	switch issue {
	case "INSTRUMENT_DECLINED", "PAYER_CANNOT_PAY", "REDIRECT_PAYER_FOR_ALTERNATE_FUNDING", "DECLINED_DUE_TO_RELATED_TXN",
		"PAYMENT_SOURCE_DECLINED_BY_PROCESSOR", "PAYMENT_SOURCE_CANNOT_BE_USED", "MAX_NUMBER_OF_PAYMENT_ATTEMPTS_EXCEEDED":
		return reason{paymux.DeclineGeneric, paymux.TryOtherMethod, false}, true
	case "TRANSACTION_REFUSED", "COMPLIANCE_VIOLATION":
		return reason{paymux.DeclineGeneric, paymux.DoNotRetry, false}, true
	case "PAYEE_BLOCKED_TRANSACTION", "TRANSACTION_BLOCKED_BY_PAYEE":
		return reason{paymux.DeclineFraud, paymux.DoNotRetry, false}, true
	case "PAYER_ACCOUNT_LOCKED_OR_CLOSED", "PAYER_ACCOUNT_RESTRICTED":
		return reason{paymux.DeclineInvalidAccount, paymux.TryOtherMethod, false}, true
	case "TRANSACTION_LIMIT_EXCEEDED":
		return reason{paymux.DeclineLimit, paymux.TryOtherMethod, false}, true
	case "TRANSACTION_RECEIVING_LIMIT_EXCEEDED":
		return reason{paymux.DeclineLimit, paymux.TryOtherMethod, true}, true
	case "DOMESTIC_TRANSACTION_REQUIRED":
		return reason{paymux.DeclineNotSupported, paymux.TryOtherMethod, false}, true
	case "INVALID_CURRENCY_CODE", "DECIMAL_PRECISION", "DECIMALS_NOT_SUPPORTED", "MAX_VALUE_EXCEEDED", "CANNOT_BE_NEGATIVE",
		"CANNOT_BE_ZERO_OR_NEGATIVE", "UNSUPPORTED_INTENT", "UNSUPPORTED_INTENT_FOR_PAYMENT_SOURCE", "PAYMENT_TYPE_NOT_SUPPORTED_FOR_INTENT":
		return reason{paymux.DeclineNotSupported, paymux.TryOtherMethod, true}, true
	case "PAYEE_ACCOUNT_INVALID", "PAYEE_ACCOUNT_LOCKED_OR_CLOSED", "PAYEE_ACCOUNT_RESTRICTED", "AUTH_CAPTURE_NOT_ENABLED":
		return reason{paymux.DeclineProcessing, paymux.TryOtherMethod, true}, true
	case "AUTHORIZATION_VOIDED", "AUTHORIZATION_EXPIRED", "AUTHORIZATION_DENIED", "AUTHORIZATION_ALREADY_CAPTURED",
		"AUTH_CAPTURE_CURRENCY_MISMATCH", "MAX_CAPTURE_COUNT_EXCEEDED", "MAX_CAPTURE_AMOUNT_EXCEEDED",
		"PREVIOUSLY_CAPTURED", "CANNOT_BE_VOIDED":
		return reason{paymux.DeclineProcessing, paymux.DoNotRetry, false}, true
	case "CAPTURE_FULLY_REFUNDED", "REFUND_CAPTURE_CURRENCY_MISMATCH", "REFUND_NOT_ALLOWED", "REFUND_TIME_LIMIT_EXCEEDED",
		"REFUND_AMOUNT_EXCEEDED", "REFUND_AMOUNT_TOO_LOW", "PARTIAL_REFUND_NOT_ALLOWED", "MAX_NUMBER_OF_REFUNDS_EXCEEDED",
		"REFUND_NOT_PERMITTED_DUE_TO_CHARGEBACK", "TRANSACTION_DISPUTED", "REFUND_IS_RESTRICTED":
		return reason{paymux.DeclineRefundRefused, paymux.DoNotRetry, false}, true
	case "REFUND_FAILED_INSUFFICIENT_FUNDS", "PENDING_CAPTURE":
		return reason{paymux.DeclineRefundRefused, paymux.RetryLater, false}, true
	}
	return reason{}, false
}
