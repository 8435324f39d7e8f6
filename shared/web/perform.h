/* web/perform: a transfer of libcurl's that no signal breaks off. For the files of this folder. */
#pragma once
#include <curl/curl.h>

/* curl_easy_perform, without SIGPIPE. */
CURLcode hws_curl_perform(CURL *curl);
