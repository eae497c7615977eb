# SPDX-License-Identifier: Apache-2.0
# Where files are installed ("cmake --install", with DESTDIR for a staging tree) and the Debian package ("cpack -G DEB").
# /etc and the unit's folder are absolute: the daemon and systemd look nowhere else.
get_filename_component(ECS_ROOT ${CMAKE_CURRENT_LIST_DIR} DIRECTORY)
set(ECS_ETC /etc/entitlementd)
set(ECS_STAGE ${CMAKE_CURRENT_BINARY_DIR}/packaging)

# Programs

if(TARGET entitlementd)
    install(TARGETS entitlementd RUNTIME DESTINATION /usr/sbin)
endif()
foreach(program entitlementctl entitlement-devsim)
    if(TARGET ${program})
        install(TARGETS ${program} RUNTIME DESTINATION /usr/bin)
    endif()
endforeach()

# Configuration: every file here is a conffile of the package, so that an upgrade keeps the operator's changes.

file(GLOB_RECURSE conf_files CONFIGURE_DEPENDS RELATIVE ${ECS_ROOT}/conf
     ${ECS_ROOT}/conf/*.yaml ${ECS_ROOT}/conf/websheet/*)
set(conffiles "")
foreach(file IN LISTS conf_files)
    get_filename_component(folder ${file} DIRECTORY)
    install(FILES ${ECS_ROOT}/conf/${file} DESTINATION ${ECS_ETC}/${folder})
    string(APPEND conffiles "${ECS_ETC}/${file}\n")
endforeach()
file(CONFIGURE OUTPUT ${ECS_STAGE}/conffiles CONTENT "${conffiles}" @ONLY)

# Schema and statements, service, documents

if(EXISTS ${ECS_ROOT}/sql)
    install(DIRECTORY ${ECS_ROOT}/sql DESTINATION /usr/share/entitlementd FILES_MATCHING PATTERN "*.sql")
endif()
install(FILES ${ECS_ROOT}/systemd/entitlementd.service DESTINATION /lib/systemd/system)
install(FILES ${ECS_ROOT}/systemd/entitlementd.sysusers DESTINATION /usr/lib/sysusers.d RENAME entitlementd.conf)
install(FILES ${ECS_ROOT}/systemd/entitlementd.tmpfiles DESTINATION /usr/lib/tmpfiles.d RENAME entitlementd.conf)
install(FILES ${ECS_ROOT}/packaging/copyright DESTINATION /usr/share/doc/entitlementd)
file(GLOB chapters CONFIGURE_DEPENDS ${ECS_ROOT}/docs/*.md ${ECS_ROOT}/docs/admin-api.yaml)
install(FILES ${chapters} DESTINATION /usr/share/doc/entitlementd)

# ecs_packed(SOURCE TARGET): gzip without a date in it, so that two builds give the same package.
find_program(ECS_GZIP gzip REQUIRED)
function(ecs_packed source target)
    add_custom_command(OUTPUT ${target} DEPENDS ${source} VERBATIM
                       COMMAND sh -c "\"$1\" -9nc <\"$2\" >\"$3\"" sh ${ECS_GZIP} ${source} ${target})
endfunction()

# The version in the changelog is the project's: there is no place where the two could differ.
configure_file(${ECS_ROOT}/packaging/changelog.in ${ECS_STAGE}/changelog @ONLY)
ecs_packed(${ECS_STAGE}/changelog ${ECS_STAGE}/changelog.gz)
set(packed ${ECS_STAGE}/changelog.gz)
install(FILES ${ECS_STAGE}/changelog.gz DESTINATION /usr/share/doc/entitlementd)

# docs/man/NAME.SECTION.scd
find_program(ECS_SCDOC scdoc)
file(GLOB pages CONFIGURE_DEPENDS ${ECS_ROOT}/docs/man/*.scd)
if(ECS_SCDOC)
    foreach(source IN LISTS pages)
        get_filename_component(page ${source} NAME)
        string(REGEX REPLACE "\\.scd$" "" page ${page})
        string(REGEX REPLACE ".*\\." "" section ${page})
        # scdoc writes the day of the build into the page otherwise.
        add_custom_command(OUTPUT ${ECS_STAGE}/${page} DEPENDS ${source} VERBATIM
                           COMMAND ${CMAKE_COMMAND} -E env SOURCE_DATE_EPOCH=1767225600
                                   sh -c "\"$1\" <\"$2\" >\"$3\"" sh ${ECS_SCDOC} ${source} ${ECS_STAGE}/${page})
        ecs_packed(${ECS_STAGE}/${page} ${ECS_STAGE}/${page}.gz)
        list(APPEND packed ${ECS_STAGE}/${page}.gz)
        install(FILES ${ECS_STAGE}/${page}.gz DESTINATION /usr/share/man/man${section})
    endforeach()
elseif(pages)
    message(STATUS "scdoc was not found: the manual pages are left out")
endif()
add_custom_target(ecs_documents ALL DEPENDS ${packed})

# The package

foreach(script postinst prerm postrm)
    configure_file(${ECS_ROOT}/packaging/${script} ${ECS_STAGE}/${script} COPYONLY)
endforeach()
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME entitlementd)
set(CPACK_PACKAGE_VENDOR "entitlementd")
set(CPACK_PACKAGE_CONTACT "entitlementd maintainers <maintainers@entitlementd.invalid>")
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "GSMA TS.43 entitlement configuration server")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
"Answers the entitlement requests of phones, watches and other devices for
voice, VoWiFi, SMS over IP, companion and primary eSIM activation, data
plans, carrier billing and satellite access, as TS.43 describes it.
.
Contains the daemon, the operator's command entitlementctl, the device
simulator entitlement-devsim, the database schema and sample policies.")
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "systemd | systemd-sysusers, init-system-helpers (>= 1.54)")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "postgresql-client")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "postgresql (>= 15), haproxy, prometheus")
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${ECS_STAGE}/postinst ${ECS_STAGE}/prerm ${ECS_STAGE}/postrm
    ${ECS_STAGE}/conffiles)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
# Debug symbols go to entitlementd-dbgsym; this strips the programs.
set(CPACK_DEBIAN_DEBUGINFO_PACKAGE ON)
# Absolute destinations need a staging tree.
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE
    WORLD_READ WORLD_EXECUTE)
set(CPACK_OUTPUT_FILE_PREFIX ${CMAKE_BINARY_DIR})
set(CPACK_SOURCE_GENERATOR TXZ)
set(CPACK_SOURCE_PACKAGE_FILE_NAME entitlementd-${PROJECT_VERSION})
set(CPACK_SOURCE_IGNORE_FILES "/\\\\.git/;/build/;/__pycache__/;/\\\\.cache/")
include(CPack)
