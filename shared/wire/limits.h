/* wire/limits: every cap on what a peer may send, in one place, with its reason. */
#pragma once

/* --- rendezvous and relay --- */
/* A rendezvous message is below 1 KiB; a punch request with an access token may reach some KiB.
 * The cap of every rendezvous link but the one for online queries. */
#define HWS_RDV_FRAME_MAX (64u << 10)
/* The online query (port 21115, and 21116 where accepted) carries a whole address book: the id
 * count below with ids of full length and their framing. */
#define HWS_RDV_ONLINE_FRAME_MAX (256u << 10)
#define HWS_RDV_ONLINE_IDS_MAX 10000u
/* A request for the API on the rendezvous port: bodies of the API are below 1 MiB. */
#define HWS_RDV_API_FRAME_MAX ((1u << 20) + (32u << 10))
/* Datagrams: endpoints read at most 1500 bytes, LAN discovery 2048. Larger is dropped, never sent.
 * */
#define HWS_RDV_DATAGRAM_MAX 2048u
#define HWS_RDV_DATAGRAM_SEND_MAX 1400u
/* Any other list in a rendezvous message (server names, headers, keys). */
#define HWS_RDV_LIST_MAX 64u
/* The only frame a relay reads: a RequestRelay without token. */
#define HWS_RLY_FIRST_FRAME_MAX (4u << 10)

/* --- session --- */
/* Before login only handshake, login and keep-alive are legal; the avatar of a LoginRequest (an
 * inline picture whose size nobody limits) is the largest member. */
#define HWS_SES_LOGIN_FRAME_MAX (256u << 10)
/* After login: a raw screenshot, a clipboard picture or a large directory listing. */
#define HWS_SES_FRAME_MAX (32u << 20)
/* Lists of files and folders in one message. */
#define HWS_SES_FILES_MAX (256u << 10)
/* Any other list: displays, modes, modifiers, formats, clipboards, frames. */
#define HWS_SES_LIST_MAX 1024u
/* Decompressed clipboard entry (reference peers: 256 MiB), cursor shape, file or terminal block. */
#define HWS_SES_CLIP_MAX (64u << 20)
#define HWS_SES_CURSOR_MAX (4u << 20) /* 1024 x 1024 RGBA */

/* --- texts (bytes without the NUL) --- */
#define HWS_ID_MIN 6u      /* what deployed servers demand */
#define HWS_ID_MAX 64u     /* longest id we store or forward; deployed ids have 9..16 */
#define HWS_ID_NEW_MAX 16u /* a chosen id: a letter, then 5..15 word characters or '-' */
#define HWS_UUID_MAX 128u  /* machine id text of RegisterPk (36 normally) and pair id of a relay */
#define HWS_HOSTNAME_MAX 255u
#define HWS_VERSION_TEXT_MAX 32u
#define HWS_KEY_TEXT_MAX 128u

/* --- memory of an unpacked message ---
 * Unpacking may use FIXED + RATIO * length, but at most length + EXTRA: small elements cost about
 * ten times their wire size (a file entry of 16 bytes takes 150), bulk data once. */
#define HWS_UNPACK_FIXED (8u << 10)
#define HWS_UNPACK_RATIO 16u
#define HWS_UNPACK_EXTRA (64u << 20)
