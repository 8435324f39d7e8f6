# htp_embed(folder name ret): writes NAME.c with all files below the folder as `const struct htp_files NAME`; sets ret to its
# path. Their types go by their ends; a new kind of file needs a row here.
set(htp_type_html "text/html; charset=utf-8")
set(htp_type_css "text/css; charset=utf-8")
set(htp_type_js "text/javascript; charset=utf-8")
set(htp_type_json "application/json; charset=utf-8")
set(htp_type_svg "image/svg+xml")
set(htp_type_png "image/png")
set(htp_type_woff2 "font/woff2")

function(htp_embed folder name ret)
	file(GLOB_RECURSE files RELATIVE ${folder} CONFIGURE_DEPENDS ${folder}/*)
	list(SORT files)
	set(texts "")
	set(rows "")
	set(number 0)
	foreach(file IN LISTS files)
		string(REGEX MATCH "[^.]*$" end "${file}")
		if(NOT DEFINED htp_type_${end})
			message(FATAL_ERROR "${folder}/${file}: no type is known for .${end}")
		endif()
		math(EXPR number "${number} + 1")
		set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${folder}/${file})
		# as bytes, so that no text in a file can mean anything to the C compiler
		file(READ ${folder}/${file} bytes HEX)
		file(SHA256 ${folder}/${file} hash)
		string(SUBSTRING ${hash} 0 24 hash)
		string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1, " bytes "${bytes}")
		string(APPEND texts "static const uint8_t file_${number}[] = { ${bytes}0 };\n")
		string(APPEND rows
			"\t{ \"/${file}\", \"${htp_type_${end}}\", \"\\\"${hash}\\\"\", file_${number}, sizeof(file_${number}) - 1 },\n")
	endforeach()
	set(path ${CMAKE_CURRENT_BINARY_DIR}/${name}.c)
	file(CONFIGURE OUTPUT ${path} @ONLY CONTENT "#include \"admin/http/files.h\"
extern const struct htp_files ${name};
@texts@static const struct htp_file items[] = {
@rows@};
const struct htp_files @name@ = { items, @number@ };
")
	set(${ret} ${path} PARENT_SCOPE)
endfunction()
