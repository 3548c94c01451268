package adyen

import "github.com/paymux/paymux"

// reason is a decline in our words. retryable marks those that Adyen describes as
// the acquirer's or its own trouble, after which another institution may be tried.
type reason struct {
	code      paymux.DeclineCode
	advice    paymux.Advice
	retryable bool
}

// reasonOf translates a refusalReasonCode (docs.adyen.com/development-resources/refusal-reasons).
func reasonOf(code string) reason {
	switch code {
	case "12":
		return reason{paymux.DeclineInsufficientFunds, paymux.TryOtherMethod, false}
	case "28", "29": // withdrawal amount, withdrawal count
		return reason{paymux.DeclineLimit, paymux.TryOtherMethod, false}
	case "6":
		return reason{paymux.DeclineExpiredCard, paymux.TryOtherMethod, false}
	case "24":
		return reason{paymux.DeclineIncorrectCVC, paymux.TryOtherMethod, false}
	case "8":
		return reason{paymux.DeclineIncorrectNumber, paymux.TryOtherMethod, false}
	case "14", "20", "22", "31": // acquirer's, Adyen's and the issuer's suspicion
		return reason{paymux.DeclineFraud, paymux.DoNotRetry, false}
	case "5": // blocked; Adyen does not tell lost from stolen
		return reason{paymux.DeclineInvalidAccount, paymux.DoNotRetry, false}
	case "11", "17", "18", "19", "33", "36", "38", "39", "42", "43": // 3-D Secure and PINs
		return reason{paymux.DeclineAuthenticationFailed, paymux.TryOtherMethod, false}
	case "15", "16":
		return reason{paymux.DeclineCanceledByPayer, paymux.TryOtherMethod, false}
	case "34", "35":
		return reason{paymux.DeclineInvalidAccount, paymux.TryOtherMethod, false}
	case "7", "23", "25": // invalid amount, not permitted, restricted
		return reason{paymux.DeclineNotSupported, paymux.TryOtherMethod, false}
	case "10":
		return reason{paymux.DeclineNotSupported, paymux.TryOtherMethod, true}
	case "4", "9", "21": // acquirer error, issuer not available, not submitted
		return reason{paymux.DeclineProcessing, paymux.RetryLater, true}
	case "26", "46": // revocation; blocked by Adyen against too many retries
		return reason{paymux.DeclineGeneric, paymux.DoNotRetry, false}
	}
	return reason{paymux.DeclineGeneric, paymux.TryOtherMethod, false}
}

// reasonOfError translates the errorCode of a refused request
// (docs.adyen.com/development-resources/error-codes). What is not here is a fault of the
// request or of the account, which the payer cannot mend.
func reasonOfError(code string) reason {
	switch code {
	case "101":
		return reason{paymux.DeclineIncorrectNumber, paymux.TryOtherMethod, false}
	case "103":
		return reason{paymux.DeclineIncorrectCVC, paymux.TryOtherMethod, false}
	case "129", "140":
		return reason{paymux.DeclineExpiredCard, paymux.TryOtherMethod, false}
	case "137", "138", "905", "905_1", "905_3", "905_4": // amount, currency, no acquirer for it
		return reason{paymux.DeclineNotSupported, paymux.TryOtherMethod, true}
	case "800", "803": // contract not found, recurring details
		return reason{paymux.DeclineInvalidAccount, paymux.TryOtherMethod, false}
	}
	return reason{paymux.DeclineProcessing, paymux.DoNotRetry, false}
}

// reasonOfText translates the reason text of a webhook, which has no code, where it is one of Adyen's.
// It is not covered by the signature, so it never makes a decline retryable.
func reasonOfText(text string) reason {
	r := reasonOf(codeOf[text])
	r.retryable = false
	return r
}

// codeOf are the refusal reasons that webhooks spell out.
var codeOf = map[string]string{
	"Acquirer Error": "4", "Blocked Card": "5", "Expired Card": "6", "Invalid Amount": "7", "Invalid Card Number": "8",
	"Issuer Unavailable": "9", "Not supported": "10", "3D Not Authenticated": "11", "Not enough balance": "12",
	"Acquirer Fraud": "14", "Cancelled": "15", "Shopper Cancelled": "16", "Invalid Pin": "17", "Pin tries exceeded": "18",
	"Pin validation not possible": "19", "FRAUD": "20", "Not Submitted": "21", "FRAUD-CANCELLED": "22",
	"Transaction Not Permitted": "23", "CVC Declined": "24", "Restricted Card": "25", "Revocation Of Auth": "26",
	"Withdrawal amount exceeded": "28", "Withdrawal count exceeded": "29", "Issuer Suspected Fraud": "31",
	"Card requires online pin": "33", "No checking account available on Card": "34", "No savings account available on Card": "35",
	"Mobile pin required": "36", "Authentication required": "38", "RReq not received from DS": "39", "3DS Authentication Error": "42",
}
