// What the API has in name only. A status that is passed says TF_UNIMPLEMENTED and names the call; calls without one do
// nothing.
#include "reference/capi/internal.h"

namespace {

void Unimplemented(TF_Status* status, const char* call) {
  tfpersist::capi::Set(status, absl::UnimplementedError(absl::StrCat(
                                   call, " is not part of tfpersist's C API; see reference/capi/README.md")));
}

}  // namespace

void TF_AddGradients(TF_Graph*, TF_Output*, int, TF_Output*, int, TF_Output*, TF_Status* status, TF_Output*) {
  Unimplemented(status, "TF_AddGradients");
}
void TF_AddGradientsWithPrefix(TF_Graph*, const char*, TF_Output*, int, TF_Output*, int, TF_Output*, TF_Status* status,
                               TF_Output*) {
  Unimplemented(status, "TF_AddGradientsWithPrefix");
}
TF_WhileParams TF_NewWhile(TF_Graph*, TF_Output*, int, TF_Status* status) {
  Unimplemented(status, "TF_NewWhile");
  return {0, nullptr, nullptr, {nullptr, 0}, nullptr, nullptr, nullptr, nullptr};
}
void TF_FinishWhile(const TF_WhileParams*, TF_Status* status, TF_Output*) { Unimplemented(status, "TF_FinishWhile"); }
void TF_AbortWhile(const TF_WhileParams*) {}
TF_DeprecatedSession* TF_NewDeprecatedSession(const TF_SessionOptions*, TF_Status* status) {
  Unimplemented(status, "TF_NewDeprecatedSession");
  return nullptr;
}
void TF_CloseDeprecatedSession(TF_DeprecatedSession*, TF_Status* status) {
  Unimplemented(status, "TF_CloseDeprecatedSession");
}
void TF_DeleteDeprecatedSession(TF_DeprecatedSession*, TF_Status* status) {
  Unimplemented(status, "TF_DeleteDeprecatedSession");
}
void TF_Reset(const TF_SessionOptions*, const char**, int, TF_Status* status) { Unimplemented(status, "TF_Reset"); }
void TF_ExtendGraph(TF_DeprecatedSession*, const void*, size_t, TF_Status* status) {
  Unimplemented(status, "TF_ExtendGraph");
}
void TF_Run(TF_DeprecatedSession*, const TF_Buffer*, const char**, TF_Tensor**, int, const char**, TF_Tensor**, int,
            const char**, int, TF_Buffer*, TF_Status* status) {
  Unimplemented(status, "TF_Run");
}
void TF_PRunSetup(TF_DeprecatedSession*, const char**, int, const char**, int, const char**, int, const char**,
                  TF_Status* status) {
  Unimplemented(status, "TF_PRunSetup");
}
void TF_PRun(TF_DeprecatedSession*, const char*, const char**, TF_Tensor**, int, const char**, TF_Tensor**, int,
             const char**, int, TF_Status* status) {
  Unimplemented(status, "TF_PRun");
}
TF_DeviceList* TF_DeprecatedSessionListDevices(TF_DeprecatedSession*, TF_Status* status) {
  Unimplemented(status, "TF_DeprecatedSessionListDevices");
  return nullptr;
}
TF_Library* TF_LoadLibrary(const char*, TF_Status* status) {
  Unimplemented(status, "TF_LoadLibrary");
  return nullptr;
}
TF_Buffer TF_GetOpList(TF_Library*) { return {nullptr, 0, nullptr}; }
void TF_DeleteLibraryHandle(TF_Library*) {}
TF_ApiDefMap* TF_NewApiDefMap(TF_Buffer*, TF_Status* status) {
  Unimplemented(status, "TF_NewApiDefMap");
  return nullptr;
}
void TF_DeleteApiDefMap(TF_ApiDefMap*) {}
void TF_ApiDefMapPut(TF_ApiDefMap*, const char*, size_t, TF_Status* status) {
  Unimplemented(status, "TF_ApiDefMapPut");
}
TF_Buffer* TF_ApiDefMapGet(TF_ApiDefMap*, const char*, size_t, TF_Status* status) {
  Unimplemented(status, "TF_ApiDefMapGet");
  return nullptr;
}
TF_Buffer* TF_GetAllRegisteredKernels(TF_Status* status) {
  Unimplemented(status, "TF_GetAllRegisteredKernels");
  return nullptr;
}
TF_Buffer* TF_GetRegisteredKernelsForOp(const char*, TF_Status* status) {
  Unimplemented(status, "TF_GetRegisteredKernelsForOp");
  return nullptr;
}
TF_Server* TF_NewServer(const void*, size_t, TF_Status* status) {
  Unimplemented(status, "TF_NewServer");
  return nullptr;
}
void TF_ServerStart(TF_Server*, TF_Status* status) { Unimplemented(status, "TF_ServerStart"); }
void TF_ServerStop(TF_Server*, TF_Status* status) { Unimplemented(status, "TF_ServerStop"); }
void TF_ServerJoin(TF_Server*, TF_Status* status) { Unimplemented(status, "TF_ServerJoin"); }
const char* TF_ServerTarget(TF_Server*) { return nullptr; }
void TF_DeleteServer(TF_Server*) {}
void TF_RegisterLogListener(void (*)(const char*)) {}
