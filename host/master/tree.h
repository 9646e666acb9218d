/* tree.h - removing a snapshot directory we made. */
#ifndef WK_MASTER_TREE_H
#define WK_MASTER_TREE_H
void wk_tree_remove(const char *dir); /* never follows links; what cannot be removed stays, the next start tries again */
#endif
