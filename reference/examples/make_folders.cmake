# cmake -DOURS=… -DTHEIRS=… -DGOLDEN=… -P make_folders.cmake: two fresh folders to run the cells in, one with an empty
# Saved_model, one whose Saved_model is what TensorFlow wrote.
file(REMOVE_RECURSE ${OURS} ${THEIRS})
file(MAKE_DIRECTORY ${OURS}/Saved_model ${THEIRS})
file(COPY ${GOLDEN}/ DESTINATION ${THEIRS}/Saved_model)
