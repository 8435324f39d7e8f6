/* What a person reads about the registration. Apart from the registrar, so that its states and
 * their words can be read side by side. */
#include "client/reach/registrar_text.h"
#include "shared/base/err.h"

const char *hws_registrar_refusal(Rdv__RegisterPkResponse__Result result, bool by_udp)
{
	switch (result) {
	case RDV__REGISTER_PK_RESPONSE__RESULT__TOO_FREQUENT:
		return "the server takes no more registrations from this address now";
	case RDV__REGISTER_PK_RESPONSE__RESULT__INVALID_ID_FORMAT:
		return "the server does not accept this ID";
	case RDV__REGISTER_PK_RESPONSE__RESULT__ID_EXISTS:
		return "the ID belongs to another computer";
	case RDV__REGISTER_PK_RESPONSE__RESULT__NOT_SUPPORT:
		return by_udp ? "the server does not support this registration"
			      : "the server takes registrations by UDP only: let UDP through";
	case RDV__REGISTER_PK_RESPONSE__RESULT__SERVER_ERROR:
		return "the server has a problem, see its log";
	case RDV__REGISTER_PK_RESPONSE__RESULT__NOT_DEPLOYED:
		return "the server serves enrolled devices only: have this one enrolled";
	default:
		return "the server refuses the registration for a reason this program does not know";
	}
}

const char *hws_registrar_link_text(int why)
{
	switch (why) {
	case HWS_ERR_RESOLVE:
		return "the server's name cannot be resolved: check --server and DNS";
	case HWS_ERR_KEY:
		return "the server has another key than the configured one: check --key";
	case HWS_ERR_CRYPTO:
		return "the server's certificate or signature proves nothing: check its name, the "
		       "clock and the authorities of this computer";
	case HWS_ERR_PORTAL:
		return "this network asks for a sign-in first (captive portal): do that with a browser; "
		       "if it does not, --server names a web server, or one whose certificate is for "
		       "another name";
	case HWS_ERR_UNSUPPORTED:
		return "the server does not answer by UDP and takes no registrations by TCP";
	default:
		return "the server cannot be reached: is it running, is the network let through?";
	}
}
