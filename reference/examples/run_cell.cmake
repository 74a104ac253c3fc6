# cmake -DPROGRAM=… -DEXPECTED=… -DSTATUS=0|1 -P run_cell.cmake: runs a program here and compares its output, to the byte.
execute_process(COMMAND ${PROGRAM} OUTPUT_VARIABLE output RESULT_VARIABLE status)
file(READ ${EXPECTED} expected)
if(NOT output STREQUAL expected)
  message(FATAL_ERROR "printed:\n${output}\nexpected:\n${expected}")
endif()
if(NOT status EQUAL STATUS)
  message(FATAL_ERROR "exit status ${status}, expected ${STATUS}")
endif()
