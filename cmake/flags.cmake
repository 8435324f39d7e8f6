# Compiler settings of the whole tree: C17 with GNU extensions, warnings, hardening, sanitizers.
set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE)
	set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "" FORCE)
endif()
find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_C_COMPILER_LAUNCHER)
	set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE})
endif()

set(HAWSER_WARNINGS -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wundef
	-Wwrite-strings -Wformat=2 -Wimplicit-fallthrough -Wpointer-arith -Wno-missing-field-initializers)
if(HAWSER_WERROR)
	list(APPEND HAWSER_WARNINGS -Werror)
endif()
# Narrowing is checked where peer-given numbers live.
set(HAWSER_STRICT_WARNINGS -Wconversion -Wno-sign-conversion)

add_compile_definitions(_GNU_SOURCE HAWSER_VERSION="${PROJECT_VERSION}")
include_directories(${CMAKE_SOURCE_DIR})
set(CMAKE_C_FLAGS_DEBUG "-Og -g3")
set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O2 -g")
set(CMAKE_C_FLAGS_RELEASE "-O2")
# No path of this machine gets into a program, nor that which ccache makes of it: the same text gives the same bytes wherever it is
# built.
file(RELATIVE_PATH HAWSER_SOURCES_FROM_BUILD ${CMAKE_BINARY_DIR} ${CMAKE_SOURCE_DIR})
string(REGEX REPLACE "/$" "" HAWSER_SOURCES_FROM_BUILD "${HAWSER_SOURCES_FROM_BUILD}")
add_compile_options(-ffile-prefix-map=${CMAKE_SOURCE_DIR}=. -ffile-prefix-map=${HAWSER_SOURCES_FROM_BUILD}=.
	-ffile-prefix-map=${CMAKE_BINARY_DIR}=.)
foreach(folder generated proto shared server admin client) # what is generated
	add_compile_options(-ffile-prefix-map=${folder}=./${folder})
endforeach()
add_compile_options(-fstack-protector-strong -fno-omit-frame-pointer)
add_link_options(-Wl,-z,relro,-z,now,-z,noexecstack)
# One file that needs nothing of the machine but the kernel, and as little of that as can be: what is not called is not in it.
if(HAWSER_STATIC)
	set(CMAKE_FIND_LIBRARY_SUFFIXES .a)
	set(CMAKE_C_FLAGS_MINSIZEREL "-Os -flto=auto")
	add_compile_options(-ffunction-sections -fdata-sections -fomit-frame-pointer -fno-asynchronous-unwind-tables)
	add_link_options(-static-pie -Wl,--gc-sections,-s,-z,pack-relative-relocs)
endif()
if(NOT CMAKE_BUILD_TYPE STREQUAL "Debug" AND NOT HAWSER_SANITIZE)
	add_compile_definitions(_FORTIFY_SOURCE=2)
endif()
if(HAWSER_SANITIZE)
	add_compile_options(-fsanitize=${HAWSER_SANITIZE} -fno-sanitize-recover=all)
	add_link_options(-fsanitize=${HAWSER_SANITIZE})
	if(HAWSER_SANITIZE MATCHES "memory")
		add_compile_options(-fsanitize-memory-track-origins=2)
	endif()
endif()
# Programs of the system that a test starts are passed over. Leaks are the address sanitizer's subject.
set(HAWSER_TEST_RUNNER)
if(HAWSER_VALGRIND)
	find_program(VALGRIND valgrind REQUIRED)
	set(HAWSER_TEST_RUNNER ${VALGRIND} --quiet --error-exitcode=99 --track-origins=yes --leak-check=no
		--suppressions=${CMAKE_SOURCE_DIR}/tests/support/valgrind.supp
		--trace-children=yes "--trace-children-skip=/usr/*,/bin/*,/sbin/*"
		--log-file=${CMAKE_BINARY_DIR}/valgrind/%p.log)
	file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/valgrind)
	add_compile_definitions(HWS_VALGRIND)
endif()
if(HAWSER_BUILD_FUZZ)
	if(NOT CMAKE_C_COMPILER_ID MATCHES "Clang")
		message(FATAL_ERROR "HAWSER_BUILD_FUZZ needs clang: use the preset 'fuzz'")
	endif()
	add_compile_options(-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all)
	add_link_options(-fsanitize=address,undefined)
endif()
